package org.espalier.search;

import java.nio.file.Path;

/** A run was asked to stop and has written its checkpoint. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoppedException(Path folder) {
    super("stopped; continue with --resume " + folder);
  }
}
