package org.espalier.search;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashSet;
import java.util.Set;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Memory;
import org.espalier.backend.Mix;
import org.jspecify.annotations.Nullable;

/**
 * A back end that computes nothing and counts: its buffers have a size and no values, and what is
 * read from them is zero. A pass on it costs no more than the calls of its kernels.
 *
 * <p>Of the interface it knows by name only what it must: every {@link Conv} that a kernel is
 * handed, alone or inside a record or a list, is a convolution to compute.
 */
final class DryBackend implements InvocationHandler {
  private final Backend backend =
      (Backend)
          Proxy.newProxyInstance(
              Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  private final Memory memory = new Memory(backend);
  private final Set<Conv> convolutions = new LinkedHashSet<>();
  private long floats;
  private long multiplyAdds;

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

  /** The geometries that have been computed so far. */
  Set<Conv> convolutions() {
    return convolutions;
  }

  /** Bytes of activations: all that the pool had to allocate. */
  long pooledBytes() {
    return memory.bytes();
  }

  /** Bytes allocated beside the pool: parameters and what belongs to them. */
  long ownBytes() {
    return Float.BYTES * floats - memory.bytes();
  }

  @Override
  @SuppressWarnings("NullAway") // kernels that are counted take no null where it is read
  public @Nullable Object invoke(Object proxy, Method kernel, @Nullable Object @Nullable [] a) {
    switch (kernel.getName()) {
      case "memory" -> {
        return memory;
      }
      case "allocate", "allocateScratch" -> {
        floats += (int) a[0];
        return new Size((int) a[0]);
      }
      case "gemm" -> multiplyAdds += (long) (int) a[2] * (int) a[3] * (int) a[4];
      case "addRow" -> multiplyAdds += (long) (int) a[0] * (int) a[1];
      default -> {
        if (a != null) {
          for (Object argument : a) {
            countConvolutions(argument);
          }
        }
      }
    }
    return null;
  }

  private void countConvolutions(@Nullable Object argument) {
    switch (argument) {
      case Conv conv -> {
        convolutions.add(conv);
        multiplyAdds += conv.multiplyAdds();
      }
      case Buffer values -> {}
      case Mix terms -> {} // many, and no convolution among them
      case Iterable<?> several -> several.forEach(this::countConvolutions);
      case Record several -> {
        for (RecordComponent component : several.getClass().getRecordComponents()) {
          try {
            countConvolutions(component.getAccessor().invoke(several));
          } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(several + " cannot be looked into", e);
          }
        }
      }
      case null, default -> {}
    }
  }
}
