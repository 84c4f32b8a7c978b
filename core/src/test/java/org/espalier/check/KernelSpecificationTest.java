package org.espalier.check;

import static org.assertj.core.api.Assertions.assertThat;

import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.junit.jupiter.api.Test;

class KernelSpecificationTest {
  private final Backend oracle = new EjmlBackend();
  private final Backend backend = new EjmlBackend();
  private final Backend again = new EjmlBackend();

  /** A kernel that fills four floats: with one by the oracle, with these by the others. */
  private KernelSpecification filling(float first, float second) {
    return KernelSpecification.of(
        "fill",
        1e-2,
        trials ->
            trials.add(
                "four",
                (b, inputs) ->
                    b.fill(inputs.normal(4), b == oracle ? 1 : b == backend ? first : second)));
  }

  @Test
  void whatIsNearEnoughPasses() {
    assertThat(filling(1.009f, 1.009f).failures(oracle, backend, again)).isEmpty();
  }

  @Test
  void theFirstElementThatIsOffIsNamed() {
    assertThat(filling(1.5f, 1.5f).failures(oracle, backend, again))
        .containsExactly(
            "four, margin 16, buffer 0, element 0 of 4: 1.5, not 1.0",
            "four, margin 13, buffer 0, element 0 of 4: 1.5, not 1.0");
    assertThat(filling(Float.NaN, Float.NaN).failures(oracle, backend)).hasSize(2);
  }

  @Test
  void otherBitsAreAFailureHoweverNear() {
    assertThat(filling(1, Math.nextUp(1f)).failures(oracle, backend, again))
        .containsExactly(
            "four, margin 16: not the same bits again", "four, margin 13: not the same bits again");
  }
}
