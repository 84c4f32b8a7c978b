package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Parameters and multiply-adds against published figures, each by building the network and running
 * it.
 */
class CountsTest {
  private static final SearchSpace NASBENCH = Spaces.of("nasbench201");
  private static final SearchSpace DARTS = Spaces.of("darts");
  private static final SearchSpace.Size PUBLISHED = new SearchSpace.Size(16, 5, 3, 10);

  private static Map<String, NetworkCost> costs = Map.of();

  /** The costs of all 15,625 architectures, by their text. */
  @BeforeAll
  static void buildThemAll() {
    costs =
        IntStream.range(0, 15_625)
            .parallel()
            .mapToObj(CountsTest::architecture)
            .collect(Collectors.toConcurrentMap(text -> text, CountsTest::cost));
  }

  private static String architecture(int index) {
    List<String> ops = NASBENCH.candidates().stream().map(candidate -> candidate.name()).toList();
    StringBuilder text = new StringBuilder();
    int rest = index;
    for (int to = 1; to < 4; to++) {
      text.append(to == 1 ? "|" : "+|");
      for (int from = 0; from < to; from++, rest /= 5) {
        text.append(ops.get(rest % 5)).append('~').append(from).append('|');
      }
    }
    return text.toString();
  }

  private static NetworkCost cost(String text) {
    return NetworkCost.of(NASBENCH, NASBENCH.parse(text), PUBLISHED, 32, 32);
  }

  private static long occurrences(String text, String op) {
    return Arrays.stream(text.split("[|~+]")).filter(op::equals).count();
  }

  @Test
  void allNasBench201NetworksCostWhatTheFormulaSays() {
    Map<String, NetworkCost> wrong = new TreeMap<>(costs);
    wrong
        .entrySet()
        .removeIf(
            each -> {
              long n3x3 = occurrences(each.getKey(), "nor_conv_3x3");
              long n1x1 = occurrences(each.getKey(), "nor_conv_1x1");
              return each.getValue()
                  .equals(
                      new NetworkCost(
                          73_306 + 243_040 * n3x3 + 28_000 * n1x1,
                          7_783_050 + 35_389_440 * n3x3 + 3_932_160 * n1x1));
            });
    assertThat(costs).hasSize(15_625);
    assertThat(wrong).isEmpty();
  }

  @Test
  void allNasBench201NetworksCostWhatTheTableSays() throws IOException {
    Path table =
        Path.of(System.getProperty("basedir", "."))
            .resolve("../../shared/data/nb201.csv.gz")
            .normalize();
    assumeTrue(Files.exists(table), table + " is absent");
    int rows = 0;
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(table)), StandardCharsets.UTF_8))) {
      List<String> header = List.of(in.readLine().split(","));
      int arch = header.indexOf("arch");
      int params = header.indexOf("params_c10");
      int flops = header.indexOf("flops_c10");
      for (String line = in.readLine(); line != null; line = in.readLine(), rows++) {
        String[] fields = line.split(",");
        assertThat(costs.get(fields[arch]))
            .as(line)
            .isEqualTo(
                new NetworkCost(Long.parseLong(fields[params]), Long.parseLong(fields[flops])));
      }
    }
    assertThat(rows).isEqualTo(15_625);
  }

  /** The constant of CIFAR-100's parameters is published too: only the classifier differs. */
  @Test
  void theNumberOfClassesCountsInTheHeadAlone() {
    Genotype empty = NASBENCH.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    assertThat(
            NetworkCost.of(NASBENCH, empty, new SearchSpace.Size(16, 5, 3, 100), 32, 32)
                .parameters())
        .isEqualTo(79_156);
    assertThat(
            NetworkCost.of(NASBENCH, empty, new SearchSpace.Size(16, 5, 3, 120), 16, 16)
                .parameters())
        .isEqualTo(80_456);
  }

  @ParameterizedTest
  @CsvSource({"DARTS_V1, 3169414", "DARTS_V2, 3349342", "PC_DARTS, 3634678"})
  void publishedArchitecturesOfDartsHaveTheirPublishedParameters(String name, long parameters) {
    assertThat(
            NetworkCost.of(DARTS, DARTS.parse(name), new SearchSpace.Size(36, 20, 3, 10), 32, 32)
                .parameters())
        .isEqualTo(parameters);
  }
}
