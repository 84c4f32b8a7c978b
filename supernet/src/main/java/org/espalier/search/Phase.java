package org.espalier.search;

import java.util.List;
import java.util.Map;
import org.espalier.backend.Buffer;

/**
 * A part of a run that goes step by step and that a checkpoint can interrupt between any two of
 * them.
 */
interface Phase extends AutoCloseable {
  /** "search", or "training found", "training random 1" ... */
  String name();

  int epochs();

  /** Of an epoch. */
  int steps();

  /**
   * Takes step {@code step}, counted from 0 over all epochs; a function of it and of {@link
   * #buffers} alone.
   */
  void step(long step);

  /** Images of a step. */
  int images();

  /** Sums over the epoch so far, the first one to be shown. */
  List<Score> scores();

  /** Ends epoch {@code epoch}, counted from 1: measures, and writes it down. */
  void endEpoch(int epoch, double seconds, Ledger ledger, Progress progress);

  /** All that steps change, by name. */
  Map<String, Buffer> buffers();

  /** Continues before {@code step}, the buffers having been restored. */
  void restore(long step, List<Score> scores);

  @Override
  void close();
}
