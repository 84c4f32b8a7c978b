package org.espalier.bench;

/** What is timed of a search. */
enum Work {
  /** Forward, cross-entropy, backward. */
  PASS,
  /** With clip and SGD. */
  STEP,
  /** A step of the weights and one of alpha, first order. */
  FIRST,
  /** The same with alpha's gradient at unrolled weights. */
  SECOND;

  /** As a peer's option names it. */
  String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
