package org.espalier.search;

/** Work was asked to stop, and what there was of it is kept. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message where it goes on
   */
  public StoppedException(String message) {
    super(message);
  }
}
