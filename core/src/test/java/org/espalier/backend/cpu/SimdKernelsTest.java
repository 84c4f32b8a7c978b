package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.check.BackendConformance;
import org.espalier.check.KernelSpecification;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fast kernels against the portable ones; any number of threads gives the same bits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SimdKernelsTest {
  /** One product and one sum to an element, in the oracle's order. */
  private static final Set<String> EXACT = Set.of("axpby is the oracle's", "sgd is the oracle's");

  private final Backend oracle = new EjmlBackend();
  private final Backend one = new SimdBackend(1);
  private final Backend two = new SimdBackend(2);
  private final Backend five = new SimdBackend(5);

  @AfterAll
  void close() {
    Stream.of(one, two, five).forEach(Backend::close);
  }

  static Stream<KernelSpecification> kernels() {
    return BackendConformance.kernels(3001, 70_001)
        .map(kernel -> EXACT.contains(kernel.text()) ? kernel.within(0) : kernel);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void doesWhatTheOracleDoes(KernelSpecification kernel) {
    assertThat(kernel.failures(oracle, one, two, five)).isEmpty();
  }
}
