package org.espalier.benchmark;

/**
 * A search that knows nothing of an architecture but what trying it shows. It ends when {@link
 * Trials#train} says NaN.
 */
interface BlackBox {
  String name();

  /** One line, with the setting and its source. */
  String description();

  void search(Trials trials, Dice dice);
}
