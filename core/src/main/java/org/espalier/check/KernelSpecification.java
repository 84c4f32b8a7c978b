package org.espalier.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;

/**
 * What a kernel must do, said by another back end that does it, and the inputs to try it on. A
 * result may be off by {@code tolerance} of the largest expected value of its buffer, or of 1, what
 * the inputs are like, where sums happen to cancel. Nothing beside a buffer may change; buffers are
 * tried at the start of a vector and in the midst of one.
 */
public record KernelSpecification(String text, double tolerance, List<Trial> trials) {
  private static final int[] MARGINS = {16, 13};

  /** A kernel with its inputs. */
  record Trial(String inputs, Kernel kernel) {
    private List<float[]> run(Backend backend, int margin, List<float[]> drawn) {
      KernelInputs inputs = new KernelInputs(backend, margin, drawn);
      kernel.run(backend, inputs);
      return inputs.read();
    }
  }

  /** What is tried. It takes its buffers always in the same order. */
  interface Kernel {
    void run(Backend backend, KernelInputs inputs);
  }

  /** Where trials are gathered. */
  interface Trials {
    void add(String inputs, Kernel kernel);
  }

  static KernelSpecification of(String text, double tolerance, Consumer<Trials> how) {
    List<Trial> trials = new ArrayList<>();
    how.accept((inputs, kernel) -> trials.add(new Trial(inputs, kernel)));
    return new KernelSpecification(text, tolerance, trials);
  }

  /** The same, as exactly as here said. */
  public KernelSpecification within(double other) {
    return new KernelSpecification(text, other, trials);
  }

  /** With every {@code n}th of its trials, where all would take too long. */
  public KernelSpecification every(int n) {
    List<Trial> some =
        IntStream.range(0, trials.size()).filter(i -> i % n == 0).mapToObj(trials::get).toList();
    return new KernelSpecification(text, tolerance, some);
  }

  /**
   * Where a back end fails, in words; no more than the first few places.
   *
   * @param oracle says what the results should be
   * @param again must give the same bits as {@code backend}: itself, or with other threads
   */
  public List<String> failures(Backend oracle, Backend backend, Backend... again) {
    return trials.stream().flatMap(t -> failures(t, oracle, backend, again)).limit(3).toList();
  }

  private Stream<String> failures(Trial trial, Backend oracle, Backend backend, Backend... again) {
    List<float[]> drawn = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (int margin : MARGINS) {
      String where = trial.inputs + ", margin " + margin;
      List<float[]> expected = trial.run(oracle, margin, drawn);
      List<float[]> actual = trial.run(backend, margin, drawn);
      for (Backend other : again) {
        if (!Arrays.deepEquals(trial.run(other, margin, drawn).toArray(), actual.toArray())) {
          failures.add(where + ": not the same bits again");
        }
      }
      for (int b = 0; b < expected.size(); b++) {
        String difference = difference(expected.get(b), actual.get(b), margin);
        if (!difference.isEmpty()) {
          failures.add(where + ", buffer " + b + ", " + difference);
        }
      }
    }
    return failures.stream();
  }

  private String difference(float[] expected, float[] actual, int margin) {
    int end = expected.length - margin;
    double largest = 1;
    for (int i = margin; i < end; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    for (int i = 0; i < expected.length; i++) {
      double allowed = i < margin || i >= end ? 0 : tolerance * largest;
      boolean near = Math.abs(expected[i] - actual[i]) <= allowed;
      if (!near && Float.compare(actual[i], expected[i]) != 0) {
        return "element %d of %d: %s, not %s"
            .formatted(i - margin, end - margin, actual[i], expected[i]);
      }
    }
    return "";
  }

  @Override
  public String toString() {
    return text;
  }
}
