package org.espalier.autograd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;

/**
 * Batch-normalisation statistics of a network whose parts keep none themselves, such as a path of a
 * supernet: taken down on some {@linkplain Tape#calibrating passes}, and used by {@linkplain
 * Tape#calibrated others} in place of those of their batches. They are the plain mean of the
 * passes' means and unbiased variances.
 *
 * <p>What belongs to what is known by the order in which statistics are asked for: all passes must
 * be of one network.
 */
public final class Statistics implements AutoCloseable {
  private final Backend backend;
  private final List<Buffer> means = new ArrayList<>();
  private int passes;

  /** No statistics yet. */
  public Statistics(Backend backend) {
    this.backend = backend;
  }

  Pass record() {
    passes++;
    return new Pass(false);
  }

  Pass replay() {
    if (passes == 0) {
      throw new IllegalStateException("no statistics have been taken yet");
    }
    return new Pass(true);
  }

  /** One pass through the network, at the next of its normalisations. */
  final class Pass {
    private final boolean replays;
    private final Set<Tensor> noted = Collections.newSetFromMap(new IdentityHashMap<>());
    private int at;

    private Pass(boolean replays) {
      this.replays = replays;
    }

    boolean replays() {
      return replays;
    }

    /** Takes the moments of a tensor down, the first time that they are asked for. */
    void note(Tensor x, Buffer moments) {
      if (!noted.add(x)) {
        return;
      }
      if (at == means.size()) {
        if (passes > 1) {
          throw otherNetwork();
        }
        means.add(backend.memory().take(moments.size()));
      }
      Buffer mean = mean(moments.size());
      int rows = x.shape().rows();
      int channels = x.shape().channels();
      float share = 1f / passes;
      float unbiased = rows > 1 ? (float) rows / (rows - 1) : 1;
      blend(share, moments.slice(0, channels), mean.slice(0, channels));
      blend(share * unbiased, moments.slice(channels, channels), mean.slice(channels, channels));
    }

    private void blend(float weight, Buffer moments, Buffer mean) {
      backend.axpby(weight, moments, passes == 1 ? 0 : 1 - 1f / passes, mean);
    }

    /** A copy of the statistics of the next tensor, from the pool. */
    Buffer next(Tensor x) {
      Buffer copy = backend.memory().take(2 * x.shape().channels());
      backend.axpby(1, mean(copy.size()), 0, copy);
      return copy;
    }

    private Buffer mean(int size) {
      if (at == means.size() || means.get(at).size() != size) {
        throw otherNetwork();
      }
      return means.get(at++);
    }

    private IllegalStateException otherNetwork() {
      return new IllegalStateException(
          "statistics were taken of another network: %d normalisations, and number %d is different"
              .formatted(means.size(), at + 1));
    }
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    means.forEach(backend.memory()::give);
    means.clear();
    passes = 0;
  }
}
