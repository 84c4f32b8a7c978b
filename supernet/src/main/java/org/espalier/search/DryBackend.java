package org.espalier.search;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A back end that computes nothing and counts: its buffers have a size and no values, and what is
 * read from them is zero. A pass on it costs no more than the calls of its kernels.
 *
 * <p>Of the interface it knows by name only the kernels that are counted.
 */
final class DryBackend implements InvocationHandler {
  private final Backend backend =
      (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  private final Memory memory;
  private final Set<List<Conv>> convolutions = new LinkedHashSet<>();
  private long floats;
  private long own; // buffers beside the pool's
  private long forgotten; // allocations of the pool before the restart
  private long multiplyAdds;

  /** As one that computes in order. */
  DryBackend() {
    this(0);
  }

  /**
   * @param spare as in {@link Memory#Memory(Backend, long)}
   */
  DryBackend(long spare) {
    memory = new Memory(backend, spare);
  }

  /** Memory that has a size and nothing else. */
  private record Size(int size) implements Buffer {
    @Override
    public Buffer slice(int offset, int length) {
      return new Size(length);
    }
  }

  Backend backend() {
    return backend;
  }

  /** Of convolutions and linear layers so far, each bias one more. */
  long multiplyAdds() {
    return multiplyAdds;
  }

  /** The geometries that have been computed so far, those of one pass together. */
  Set<List<Conv>> convolutions() {
    return convolutions;
  }

  /** Forgets activations and geometries: the next passes are of other batches. */
  void restart() {
    memory.trim();
    forgotten = memory.allocations();
    convolutions.clear();
  }

  /** Bytes of activations: all that the pool had to allocate. */
  long pooledBytes() {
    return memory.bytes();
  }

  /** Bytes allocated beside the pool: parameters and what belongs to them. */
  long ownBytes() {
    return Float.BYTES * floats - memory.bytes();
  }

  /** Buffers in all. */
  long buffers() {
    return own + memory.allocations() - forgotten;
  }

  private Size size(int size) {
    floats += size;
    return new Size(size);
  }

  @Override
  @SuppressWarnings("NullAway") // kernels that are counted take no null where it is read
  public @Nullable Object invoke(Object proxy, Method kernel, @Nullable Object @Nullable [] a) {
    switch (kernel.getName()) {
      case "memory" -> {
        return memory;
      }
      case "beginPass" -> memory.settle();
      case "allocate" -> {
        own++;
        return size((int) a[0]);
      }
      case "allocateScratch" -> {
        return size((int) a[0]);
      }
      case "gemm" -> multiplyAdds += (long) (int) a[2] * (int) a[3] * (int) a[4];
      case "addRow" -> multiplyAdds += (long) (int) a[0] * (int) a[1];
      case "conv" -> {
        Fan fan = (Fan) a[0];
        List<Conv> convs = fan.arms().stream().map(Fan.Arm::conv).toList();
        convolutions.add(convs);
        multiplyAdds += convs.stream().mapToLong(Conv::multiplyAdds).sum();
      }
      default -> {}
    }
    return null;
  }
}
