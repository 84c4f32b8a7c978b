package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.check.KernelSpecification;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel against the portable back end; threads in another order give the same bits. */
@ExtendWith(OnCuda.class)
class CudaKernelsTest {
  /** A third of it on the emulator: of each geometry two or three forms of seven, in turn. */
  private static final String SLOW = "gradients of convolutions are the oracle's";

  static Stream<KernelSpecification> kernels() {
    return BackendConformance.kernels(1201, 9001)
        .map(kernel -> kernel.text().equals(SLOW) && !Emulator.REAL ? kernel.every(3) : kernel);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void doesWhatTheOracleDoes(KernelSpecification kernel, CudaBackend cuda) {
    assertThat(kernel.failures(new EjmlBackend(), cuda, cuda)).isEmpty();
  }
}
