package org.espalier.proxy;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * SWAP (Peng et al. 2024): the number of distinct sample-wise activation patterns. The pattern of a
 * ReLU unit is its state on every image of the batch.
 *
 * @param size a factor by the number of parameters, such as {@link #regularised}'s
 */
record Swap(ToDoubleFunction<Subject> size) implements Proxy {
  /** Without regard to the size, for {@link Proxies}. */
  Swap() {
    this(subject -> 1);
  }

  /**
   * Prefers networks of about {@code mu} thousand parameters: the factor exp(-(P - mu)^2/sigma), P
   * in thousands.
   */
  static Swap regularised(double mu, double sigma) {
    return new Swap(
        subject -> {
          double off = subject.arena().size() / 1e3 - mu;
          return Math.exp(-off * off / sigma);
        });
  }

  @Override
  public String name() {
    return "swap";
  }

  @Override
  public String description() {
    return "number of distinct activation patterns of ReLU units over the batch (Peng et al. 2024)";
  }

  @Override
  public Reading book(Passes passes) {
    Patterns patterns = new Patterns();
    passes.onRelu(patterns);
    return Reading.of(() -> patterns.count() * size.applyAsDouble(passes.subject()));
  }

  /**
   * Patterns are numbered 64 images at a time: a number and the next 64 states make a new number.
   */
  private static final class Patterns implements Relus.Listener {
    private final Map<Prefix, Integer> numbers = new HashMap<>();
    private final Set<Prefix> whole = new HashSet<>();

    private record Prefix(int start, long states) {}

    int count() {
      return whole.size();
    }

    @Override
    public void inputs(float[] values, int samples, int units) {
      for (int u = 0; u < units; u++) {
        int prefix = 0;
        for (int from = 0; from < samples; from += 64) {
          long states = 0;
          for (int n = from; n < Math.min(samples, from + 64); n++) {
            states |= values[n * units + u] > 0 ? 1L << n : 0;
          }
          Prefix longer = new Prefix(prefix, states);
          if (from + 64 >= samples) {
            whole.add(longer);
          } else {
            prefix = numbers.computeIfAbsent(longer, p -> numbers.size() + 1);
          }
        }
      }
    }
  }
}
