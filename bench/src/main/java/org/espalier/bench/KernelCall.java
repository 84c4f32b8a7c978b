package org.espalier.bench;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.jspecify.annotations.Nullable;

/**
 * What a call of a kernel says about its work: the kernel's name, the geometries among its
 * arguments, and the floats of the buffers there, each once. Geometries and buffers are also found
 * inside lists and records, so that this needs to know no kernel's signature.
 */
record KernelCall(Kind kind, long floats) {
  private static final ClassValue<Method[]> ACCESSORS =
      new ClassValue<>() {
        @Override
        protected Method[] computeValue(Class<?> type) {
          return Arrays.stream(type.getRecordComponents())
              .map(RecordComponent::getAccessor)
              .filter(Method::trySetAccessible)
              .toArray(Method[]::new);
        }
      };

  /** Calls that are of one kind do the same work, but for the buffers. */
  record Kind(String kernel, List<Object> geometries) {
    /** What kinds are summed under: {@code conv 3x3}, {@code pool average 3x3}. */
    String label() {
      String kinds =
          geometries.stream().map(Kind::name).distinct().sorted().collect(Collectors.joining("+"));
      return kinds.isEmpty() ? kernel : kernel + " " + kinds;
    }

    /**
     * Floating-point operations of the convolutions, a multiply-add counted as two; 0 of all else.
     * A gradient of convolution costs as much as the convolution, once for its input and once for
     * its weight, of which the first convolution of a net has none for its input: counted as if.
     */
    double flop() {
      return (kernel.contains("Grad") ? 4.0 : 2.0)
          * geometries.stream().mapToLong(g -> g instanceof Conv c ? c.multiplyAdds() : 0).sum();
    }

    private static String name(Object geometry) {
      return switch (geometry) {
        case Conv conv ->
            conv.kh()
                + "x"
                + conv.kw()
                + (conv.pointwise() ? " pointwise" : "")
                + (conv.depthwise() ? " depthwise" : conv.groups() > 1 ? " grouped" : "")
                + (conv.dilation() > 1 ? " dilated" : "")
                + (conv.shift() > 0 ? " shifted" : "")
                + stride(conv.stride());
        case Pool pool ->
            pool.kind().name().toLowerCase(Locale.ROOT)
                + " "
                + pool.k()
                + "x"
                + pool.k()
                + stride(pool.stride());
        default -> String.valueOf(geometry).toLowerCase(Locale.ROOT);
      };
    }

    private static String stride(int stride) {
      return stride == 1 ? "" : " stride " + stride;
    }
  }

  static KernelCall of(String kernel, @Nullable Object... arguments) {
    List<Object> geometries = new ArrayList<>(2);
    Set<Buffer> buffers = new HashSet<>();
    for (Object argument : arguments) {
      collect(argument, geometries, buffers);
    }
    long floats = 0;
    for (Buffer buffer : buffers) {
      floats += buffer.size();
    }
    return new KernelCall(new Kind(kernel, geometries), floats);
  }

  private static void collect(
      @Nullable Object argument, List<Object> geometries, Set<Buffer> buffers) {
    switch (argument) {
      case null -> {}
      case Buffer buffer -> buffers.add(buffer); // before records, which buffers may be
      case Conv conv -> geometries.add(conv);
      case Pool pool -> geometries.add(pool);
      case Unary unary -> geometries.add(unary);
      case Collection<?> elements -> {
        for (Object element : elements) {
          collect(element, geometries, buffers);
        }
      }
      case Object[] elements -> {
        for (Object element : elements) {
          collect(element, geometries, buffers);
        }
      }
      case Record fields -> {
        for (Method accessor : ACCESSORS.get(fields.getClass())) {
          try {
            collect(accessor.invoke(fields), geometries, buffers);
          } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(accessor + " cannot be read", e);
          }
        }
      }
      default -> {} // numbers, flags
    }
  }
}
