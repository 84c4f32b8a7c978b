package org.espalier.bench;

import java.io.IOException;

/** Who takes the step: ours, or PyTorch in a process of its own. */
interface Contender extends AutoCloseable {
  /** Takes some steps; their seconds. */
  double[] take(int steps) throws IOException;

  @Override
  void close();
}
