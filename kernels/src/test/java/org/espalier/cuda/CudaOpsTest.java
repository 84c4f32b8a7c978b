package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.op.Ops;
import org.espalier.op.Sample;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation, over all the inputs it declares, against the portable back end. */
@ExtendWith(OnCuda.class)
class CudaOpsTest {
  private static final long SEED = 20260;

  static Stream<Sample> samples() {
    return Ops.samples();
  }

  @ParameterizedTest
  @MethodSource("samples")
  void agreesWithThePortableBackEnd(Sample sample, CudaBackend cuda) {
    assertThat(BackendConformance.largestError(cuda, new EjmlBackend(), sample, SEED))
        .as("seed %d", SEED)
        .isLessThan(2e-5);
  }
}
