package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.espalier.backend.cpu.CpuBackends;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the profile reads off the arguments of kernels whose signatures it does not know. */
class KernelCallTest {
  private static final Conv DENSE = new Conv(2, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
  private static final Conv POINT = new Conv(2, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
  private static final Conv DEPTHWISE = new Conv(2, 8, 8, 16, 16, 5, 5, 2, 4, 2, 16);

  private final Backend backend = CpuBackends.ejml();

  private record Job(Conv conv, Buffer x, @Nullable Buffer y) {}

  private static String label(String kernel, Object... arguments) {
    return KernelCall.of(kernel, arguments).kind().label();
  }

  @Test
  void kernelsAreToldApartByTheirGeometry() {
    assertThat(label("conv", DENSE)).isEqualTo("conv 3x3");
    assertThat(label("conv", POINT)).isEqualTo("conv 1x1 pointwise");
    assertThat(label("convGrad", DEPTHWISE, true))
        .isEqualTo("convGrad 5x5 depthwise dilated stride 2");
    assertThat(label("pool", new Pool(Pool.Kind.MAX, 2, 8, 8, 16, 3, 2, 1)))
        .isEqualTo("pool max 3x3 stride 2");
    assertThat(label("unary", Unary.RELU)).isEqualTo("unary relu");
    assertThat(label("fill", backend.allocate(3), 1f)).isEqualTo("fill");
  }

  @Test
  void geometriesAndBuffersAreFoundInsideListsRecordsAndArrays() {
    Buffer x = backend.allocate(100);
    Buffer y = backend.allocate(10);
    List<Job> jobs = List.of(new Job(DENSE, x, y), new Job(POINT, x, null));
    KernelCall call = KernelCall.of("convs", jobs, new Object[] {x, List.of(y)}, null, 7);
    assertThat(call.kind().label()).isEqualTo("convs 1x1 pointwise+3x3");
    assertThat(call.floats()).as("each buffer once").isEqualTo(110);
    assertThat(call.kind().flop()).isEqualTo(2.0 * (DENSE.multiplyAdds() + POINT.multiplyAdds()));

    Mix mix = new Mix(5, 2, 1e-5f, List.of(new Mix.Term(0, y, null, y.slice(0, 4), false)));
    assertThat(KernelCall.of("mixedSum", mix).floats()).isEqualTo(14);
  }

  @Test
  void aGradientCostsTwoConvolutions() {
    double once = 2.0 * 2 * 8 * 8 * 16 * 16 * 9;
    assertThat(KernelCall.of("conv", DENSE).kind().flop()).isEqualTo(once);
    assertThat(KernelCall.of("convGrad", DENSE).kind().flop()).isEqualTo(2 * once);
  }

  @Test
  void theTimerComputesWhatTheBackEndDoesAndCounts() {
    KernelTimer timer = new KernelTimer(backend);
    Backend timed = timer.timed();
    Buffer x = timed.allocate(4);
    timed.fill(x, 3);
    timed.fill(x, 2);
    timed.axpby(1, x, 1, x);
    float[] read = new float[4];
    timed.read(x, read);
    assertThat(read).containsOnly(4);
    assertThat(timed.name()).isEqualTo(backend.name());
    assertThat(timer.sums()).containsOnlyKeys("fill", "axpby", "read");
    assertThat(timer.sums().get("fill"))
        .satisfies(
            fill -> {
              assertThat(fill.calls()).isEqualTo(2);
              assertThat(fill.bytes()).isEqualTo(32);
              assertThat(fill.seconds()).isPositive();
            });
    timer.restart();
    assertThat(timer.sums()).isEmpty();
  }

  @Test
  void whatTheBackEndThrowsComesThrough() {
    Backend timed = new KernelTimer(backend).timed();
    Buffer small = timed.allocate(1);
    assertThatThrownBy(() -> timed.write(new float[2], small.slice(0, 5)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> timed.read(small, new float[0]))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aRowIsOfOneStepAndBesideTheMachine() {
    Machine machine = new Machine(2, 200, 20, 80);
    var sum = new KernelTimer.Sum(30, 0.5, 5e10, 1e9);
    assertThat(ProfileCommand.line("conv 3x3", sum, 10, 2, machine))
        .isEqualTo(" 25.0 %        3    50.000    100.0     50 %      2.0     10 %    conv 3x3");
  }
}
