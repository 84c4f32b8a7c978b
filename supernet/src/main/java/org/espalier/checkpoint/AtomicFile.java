package org.espalier.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.espalier.InputException;

/** Files that are either whole or not there: written under another name and moved into place. */
public final class AtomicFile {
  private AtomicFile() {}

  /** What writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    void writeTo(Path temporary) throws IOException;
  }

  /**
   * Writes a file, over the one that may be there.
   *
   * @throws InputException naming the file and why it cannot be written; what was there is as it
   *     was
   */
  public static void write(Path file, byte[] content) {
    write(file, temporary -> Files.write(temporary, content));
  }

  /**
   * Writes a file piece by piece, over the one that may be there.
   *
   * @param content what it throws leaves what was there as it was
   * @throws InputException naming the file and why it cannot be written
   */
  public static void write(Path file, Content content) {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".new");
    try {
      try {
        content.writeTo(temporary);
        move(temporary, file);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new InputException(file + " cannot be written: " + InputException.reason(e), e);
    }
  }

  /** Writes text as UTF-8. */
  public static void write(Path file, String content) {
    write(file, content.getBytes(StandardCharsets.UTF_8));
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
