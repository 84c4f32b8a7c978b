package org.espalier.benchmark;

/** The images that an accuracy is of. */
public enum Split {
  /** What the network was trained on, with augmentation. */
  TRAIN("train"),
  /** Held out for searching: NATS-Bench's {@code x-valid}. */
  VALID("valid"),
  /**
   * What results are reported on: NATS-Bench's {@code ori-test} for CIFAR-10, and {@code x-test},
   * one half of the original test images, for CIFAR-100 and ImageNet16-120.
   */
  TEST("test"),
  /**
   * All original test images where {@link #TEST} is a half of them: NATS-Bench's {@code ori-test}.
   */
  FULL_TEST("full-test");

  private final String id;

  Split(String id) {
    this.id = id;
  }

  /** The name in files and on the command line. */
  public String id() {
    return id;
  }
}
