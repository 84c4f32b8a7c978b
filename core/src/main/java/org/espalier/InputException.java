package org.espalier;

/**
 * Input that cannot be used: one line that names what was wrong, the value, and what would have been
 * right. The command line prints the line and exits with code 2.
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
}
