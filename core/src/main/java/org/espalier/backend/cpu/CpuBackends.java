package org.espalier.backend.cpu;

import org.espalier.backend.Backend;
import org.jspecify.annotations.Nullable;

/** The CPU back ends. Links against the Vector API only where it is present. */
public final class CpuBackends {
  private static final String MODULE = "jdk.incubator.vector";

  private CpuBackends() {}

  /** The portable back end. */
  public static Backend ejml() {
    return new EjmlBackend();
  }

  /** Whether {@link #simd} can be had. */
  public static boolean simdAvailable() {
    return whyNot() == null;
  }

  /** Why there is no {@link #simd}, with the remedy; null where there is. */
  public static @Nullable String whyNot() {
    return ModuleLayer.boot().findModule(MODULE).isPresent()
        ? null
        : "the Vector API is not loaded: start java with --add-modules " + MODULE;
  }

  /**
   * The fast back end with as many threads as there are processors.
   *
   * @throws IllegalStateException where the Vector API is absent; the message says how to get it
   */
  public static Backend simd() {
    return simd(Runtime.getRuntime().availableProcessors());
  }

  /**
   * As {@link #simd()}, with {@code threads} threads, the caller among them. Results do not depend
   * on the number.
   */
  public static Backend simd(int threads) {
    String reason = whyNot();
    if (reason != null) {
      throw new IllegalStateException(reason);
    }
    return new SimdBackend(threads);
  }
}
