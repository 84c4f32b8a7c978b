package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.espalier.search.MemoryPlanTest.blank;
import static org.espalier.search.MemoryPlanTest.configuration;
import static org.espalier.search.MemoryPlanTest.take;

import org.espalier.backend.Backend;
import org.espalier.parity.Emulated;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a dry run says that a search needs of a device, against what the search then takes. */
@Tag("device")
class CudaMemoryTest {
  @BeforeEach
  void reset() {
    Emulated.reset();
  }

  /** With what the back end opens with and its kernels keep, and the images. */
  @ParameterizedTest
  @CsvSource({
    "cuda, nasbench201, darts",
    "cuda, nasbench201, gdas",
    "cuda, darts, darts",
    "cuda, darts, random",
    "'cuda,cublas,cudnn', nasbench201, darts"
  })
  void aSearchTakesNoMoreOfADeviceThanWasPlanned(String device, String space, String strategy) {
    Configuration configuration = configuration(space, "device=" + device, "strategy=" + strategy);
    MemoryPlan plan = MemoryPlan.ofSearch(configuration, blank());
    try (Backend cuda = Emulated.open(device);
        SearchPhase search = new SearchPhase(configuration, blank(), cuda)) {
      take(search, 1);
      long planned = plan.bytes(plan.phases().getFirst());
      assertThat(cuda.counters().bytes()).isBetween(planned * 3 / 4, planned);
    }
  }
}
