package org.espalier.strategy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleBiFunction;
import org.espalier.autograd.Tape;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Scale;
import org.espalier.optim.Adam;
import org.espalier.optim.Clip;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;

/**
 * A controller that learns by REINFORCE (Williams 1992), as ENAS has it (Pham et al. 2018, section
 * 2.2): the reward is the accuracy on one validation batch plus a little of the controller's
 * entropy, less a moving average of rewards; a step follows the mean gradient of some samples.
 *
 * <p>The entropy is a number in the reward: nothing is differentiated through it.
 */
final class Reinforce implements Policy {
  private static final float BETA2 = 0.999f;
  private static final Rng NOTHING_IS_DROPPED = Rng.of(0);

  // What a checkpoint keeps beside the weights: the baseline, what it was when the epoch began,
  // whether there was an epoch before, and the epoch's sums.
  private static final int BASELINE = 0;
  private static final int FROZEN = 1;
  private static final int SEASONED = 2;
  private static final int REWARDS = 3;
  private static final int ACCURACIES = 4;
  private static final int ENTROPIES = 5;
  private static final int LOSSES = 6;
  private static final int SAMPLES = 7;
  private static final int STATES = 8;

  private final SearchSpace space;
  private final OneShot.Controller settings;
  private final Backend backend;
  private final ParameterArena arena = new ParameterArena();
  private final LstmController controller;
  private final Adam adam;
  private final Buffer saved;
  private final float[] state = new float[STATES];

  Reinforce(SearchSpace space, OneShot.Controller settings, Backend backend, Rng rng) {
    this.space = space;
    this.settings = settings;
    this.backend = backend;
    controller = new LstmController(arena.root(), space, settings);
    arena.allocate(backend, rng);
    adam = new Adam(arena, settings.beta1(), BETA2, settings.epsilon(), 0);
    saved = backend.allocate(STATES);
  }

  @Override
  public Genotype sample(Rng rng) {
    try (Tape tape = Tape.inference(backend)) {
      return space.decode(controller.sample(tape, rng).choices());
    }
  }

  @Override
  public int steps() {
    return settings.steps();
  }

  @Override
  public int samples() {
    return settings.samples();
  }

  @Override
  public void step(long step, ToDoubleBiFunction<Genotype, Protocol> accuracy, Rng rng) {
    step(step, accuracy, (tape, sample) -> controller.sample(tape, rng.split(sample)));
  }

  /** Where the architectures of a step come from. */
  interface Walker {
    LstmController.Walk walk(Tape tape, int sample);
  }

  void step(long step, ToDoubleBiFunction<Genotype, Protocol> accuracy, Walker walker) {
    if (step % settings.steps() == 0) {
      beginEpoch(step);
    }
    arena.zeroGradients();
    for (int i = 0; i < settings.samples(); i++) {
      Protocol batch = Protocol.batches(1, step * settings.samples() + i);
      try (Tape tape = Tape.training(backend, NOTHING_IS_DROPPED)) {
        LstmController.Walk walk = walker.walk(tape, i);
        double right = accuracy.applyAsDouble(space.decode(walk.choices()), batch);
        double advantage = advantage(right, walk.entropy());
        state[LOSSES] -= (float) (advantage * walk.logProbability());
        tape.backward(
            tape.apply(new Scale((float) (advantage / settings.samples())), walk.surprise()));
      }
    }
    Clip.byGlobalNorm(arena, settings.clip());
    adam.step(settings.learningRate());
    backend.write(state, saved);
  }

  LstmController controller() {
    return controller;
  }

  ParameterArena arena() {
    return arena;
  }

  private void beginEpoch(long step) {
    state[SEASONED] = step > 0 ? 1 : 0;
    state[FROZEN] = state[BASELINE];
    for (int sum = REWARDS; sum < STATES; sum++) {
      state[sum] = 0;
    }
  }

  /**
   * The reward less the baseline, which has moved towards the reward. A frozen baseline moves from
   * where it was when the epoch began; in the first epoch the accuracy itself is the baseline, so
   * that only the entropy counts (both as published for NAS-Bench-201).
   */
  private double advantage(double accuracy, double entropy) {
    double reward = accuracy + settings.entropy() * entropy;
    double before = state[settings.frozenBaseline() ? FROZEN : BASELINE];
    double baseline =
        settings.frozenBaseline() && state[SEASONED] == 0
            ? accuracy
            : before - (1 - settings.baselineDecay()) * (before - reward);
    state[BASELINE] = (float) baseline;
    state[REWARDS] += (float) reward;
    state[ACCURACIES] += (float) accuracy;
    state[ENTROPIES] += (float) entropy;
    state[SAMPLES]++;
    return reward - baseline;
  }

  @Override
  public Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    double samples = Math.max(1, state[SAMPLES]);
    figures.put("reward", state[REWARDS] / samples);
    figures.put("baseline", (double) state[BASELINE]);
    figures.put("accuracy", state[ACCURACIES] / samples);
    figures.put("entropy", state[ENTROPIES] / samples);
    figures.put("loss", state[LOSSES] / samples);
    return figures;
  }

  @Override
  public Map<String, Buffer> buffers() {
    Map<String, Buffer> buffers = new TreeMap<>();
    buffers.put("weights", arena.values());
    adam.slots().forEach((name, slot) -> buffers.put("weights." + name, slot));
    buffers.put("state", saved);
    return buffers;
  }

  @Override
  public void restore(long steps) {
    adam.steps((int) steps);
    backend.read(saved, state);
  }
}
