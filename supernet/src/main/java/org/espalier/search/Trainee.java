package org.espalier.search;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Scale;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;

/** The network of one architecture and the steps that train it. */
final class Trainee {
  private final Configuration.Training settings;
  private final ParameterArena arena = new ParameterArena();
  private final Network network;
  private final Sgd sgd;

  /**
   * An untrained network.
   *
   * @param allocation lays its parameters out, with their initial values
   */
  Trainee(
      SearchSpace space,
      Genotype genotype,
      SearchSpace.Size size,
      Configuration.Training settings,
      Consumer<ParameterArena> allocation) {
    this.settings = settings;
    network = space.network(arena.root(), genotype, size, settings.auxiliary() > 0);
    allocation.accept(arena);
    sgd = new Sgd(arena, settings.momentum(), settings.weightDecay(), settings.nesterov());
  }

  /** One step along the gradient of a batch's loss; its score is that before the step. */
  Score step(Feed feed, float dropPath, Rng rng, float rate) {
    Score score;
    arena.backend().beginPass();
    arena.zeroGradients();
    try (Tape tape = Tape.training(arena.backend(), rng)) {
      Network.Output output = network.forward(tape, feed.images(), dropPath);
      CrossEntropy criterion = new CrossEntropy(settings.smoothing());
      Tensor loss = tape.apply(criterion, output.logits(), feed.labels());
      Tensor main = loss;
      if (output.auxiliary() != null) {
        Tensor side = tape.apply(criterion, output.auxiliary(), feed.labels());
        loss = tape.apply(new Add(), loss, tape.apply(new Scale(settings.auxiliary()), side));
      }
      tape.backward(loss, output.logits(), main);
      score = feed.score(output.logits(), main); // waits for the device
    }
    Clip.byGlobalNorm(arena, settings.clip());
    sgd.step(rate);
    return score;
  }

  /** The score of a batch with the weights as they are. */
  Score test(Feed feed) {
    arena.backend().beginPass();
    try (Tape tape = Tape.inference(arena.backend())) {
      Tensor logits = network.forward(tape, feed.images(), 0).logits();
      return feed.score(logits, tape.apply(new CrossEntropy(0), logits, feed.labels()));
    }
  }

  /** All that steps change, by name. */
  Map<String, Buffer> buffers() {
    Map<String, Buffer> buffers = new TreeMap<>();
    buffers.put("weights", arena.values());
    sgd.slots().forEach((name, buffer) -> buffers.put("weights." + name, buffer));
    arena.states().forEach((name, state) -> buffers.put("state." + name, state.buffer()));
    return buffers;
  }
}
