package org.espalier.search;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Fan;
import org.espalier.backend.Memory;
import org.espalier.nn.ParameterArena;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * What the network of an architecture costs, without its auxiliary head.
 *
 * @param parameters trainable floats
 * @param multiplyAdds of one image, forward: of convolutions and linear layers, each bias one more,
 *     all else free. The published FLOPs of NAS-Bench-201 count like this
 */
public record NetworkCost(long parameters, long multiplyAdds) {

  /**
   * Builds the network and runs it once, for an image of {@code height x width}, on a back end that
   * only counts.
   */
  public static NetworkCost of(
      SearchSpace space, Genotype genotype, SearchSpace.Size size, int height, int width) {
    ParameterArena arena = new ParameterArena();
    Network network = space.network(arena.root(), genotype, size, false);
    Counter counter = new Counter();
    arena.allocate(counter.backend);
    Shape image = Shape.of(1, height, width, size.inputChannels());
    try (Tape tape = Tape.inference(counter.backend)) {
      network.forward(tape, Tensor.constant(image, new Size(image.size())), 0);
    }
    return new NetworkCost(arena.size(), counter.multiplyAdds);
  }

  /** Memory that has a size and nothing else. */
  private record Size(int size) implements Buffer {
    @Override
    public Buffer slice(int offset, int length) {
      return new Size(length);
    }
  }

  /** A back end that counts multiply-adds and computes nothing. */
  private static final class Counter implements InvocationHandler {
    private final Backend backend =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
    private final Memory memory = new Memory(backend);
    private long multiplyAdds;

    @Override
    @SuppressWarnings("NullAway") // kernels that are counted take no null where it is read
    public @Nullable Object invoke(Object proxy, Method kernel, @Nullable Object @Nullable [] a) {
      return switch (kernel.getName()) {
        case "memory" -> memory;
        case "allocate" -> new Size((int) a[0]);
        case "conv" ->
            count(((Fan) a[0]).arms().stream().mapToLong(arm -> arm.conv().multiplyAdds()).sum());
        case "gemm" -> count((long) (int) a[2] * (int) a[3] * (int) a[4]);
        case "addRow" -> count((long) (int) a[0] * (int) a[1]);
        default -> null;
      };
    }

    private @Nullable Object count(long more) {
      multiplyAdds += more;
      return null;
    }
  }
}
