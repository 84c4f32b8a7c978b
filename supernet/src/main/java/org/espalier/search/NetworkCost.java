package org.espalier.search;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.ParameterArena;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Shape;

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
    DryBackend dry = new DryBackend();
    arena.allocate(dry.backend());
    Shape image = Shape.of(1, height, width, size.inputChannels());
    Tensor blank = Tensor.constant(image, dry.backend().allocate(image.size()));
    try (Tape tape = Tape.inference(dry.backend())) {
      network.forward(tape, blank, 0);
    }
    return new NetworkCost(arena.size(), dry.multiplyAdds());
  }
}
