package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.espalier.autograd.Tape;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

/** The pruning of {@code drnas-progressive}. */
class ProgressiveDrNasTest {
  private final Backend backend = new EjmlBackend();
  private final SearchSpace space = Spaces.of("nasbench201");
  private final Architecture architecture = new Architecture(space, backend, Rng.of(3));

  private Selection first(Tape tape, double progress) {
    Draw draw = new Draw(tape, space, architecture.alphas(), progress, Rng.of(5));
    Selections selections = Strategies.of("drnas-progressive").select(draw);
    return selections.at(0, 0);
  }

  @Test
  void inTheFirstHalfEveryCandidateTakesPart() {
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      assertThat(first(tape, 0.49)).isInstanceOf(Selection.All.class);
    }
  }

  @Test
  void thenTheStrongerHalfSharesTheWholeWeightAndAloneLearns() {
    float[] alpha = new float[architecture.arena().values().size()];
    System.arraycopy(new float[] {0.1f, -0.3f, 0.5f, 0.2f, -0.1f}, 0, alpha, 0, 5);
    backend.write(alpha, architecture.arena().values());
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Selection.Some some = (Selection.Some) first(tape, 0.5);
      assertThat(some.indices()).containsExactly(0, 2, 3);

      float[] weights = new float[alpha.length];
      backend.read(some.weights().data(), weights);
      assertThat(weights[0] + weights[2] + weights[3]).isCloseTo(1, within(1e-5f));

      var upstream = backend.memory().take(alpha.length);
      float[] ramp = new float[alpha.length];
      for (int i = 0; i < ramp.length; i++) {
        ramp[i] = i;
      }
      backend.write(ramp, upstream);
      tape.backwardFrom(some.weights(), upstream);
    }
    float[] gradient = new float[alpha.length];
    backend.read(architecture.arena().gradients(), gradient);
    assertThat(gradient[1]).isZero();
    assertThat(gradient[4]).isZero();
    assertThat(gradient[2]).isNotZero().isFinite();
  }
}
