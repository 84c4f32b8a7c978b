package org.espalier.backend;

/**
 * A device that does not do what it should: one line that says what happened and what to do. What
 * was computed on it is lost; checkpoints are not.
 */
public class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line for the person at the terminal
   */
  public DeviceException(String message) {
    super(message);
  }
}
