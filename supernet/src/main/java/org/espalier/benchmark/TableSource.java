package org.espalier.benchmark;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Something that figures are read from. */
interface TableSource {
  /**
   * Of what its architectures are; null for a list of figures by the number of the architecture.
   */
  @Nullable TableSpace space();

  /** The codes of the architectures that its numbers stand for; empty where it does not say. */
  int[] codes();

  /** Where it is from, for the notes of the table. */
  List<String> notes();

  /**
   * Hands on all there is, in order of the numbers.
   *
   * @throws org.espalier.InputException if something in it cannot be used
   */
  void rows(Rows rows);

  /** Takes rows. */
  interface Rows {
    void row(int index, List<Series> series);
  }
}
