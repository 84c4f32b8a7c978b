package org.espalier;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * Input that cannot be used: one line that names what was wrong, the value, and what would have
 * been right. The command line prints the line and exits with code 2.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line for the person who gave the input
   */
  public InputException(String message) {
    super(message);
  }

  /**
   * @param message one line for the person who gave the input
   * @param cause what was thrown while the input was read
   */
  public InputException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Why a file could not be read or written, in words for the line. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
      return "no such file";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String message = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message.lines().findFirst().orElse("");
  }
}
