package org.espalier.proxy;

import java.util.function.DoubleSupplier;

/** What a proxy has measured of a network. */
@FunctionalInterface
public interface Reading {
  /** One number for each of {@link Proxy#parts}. */
  double[] parts();

  /** Of a proxy that measures one thing. */
  static Reading of(DoubleSupplier score) {
    return () -> new double[] {score.getAsDouble()};
  }
}
