package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.espalier.backend.Backend;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.proxy.ZeroCost;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code espalier rank TABLE --proxy NAME}. */
class RankProxyTest {
  private static final List<String> FIRST = List.of("none", "nor_conv_1x1", "nor_conv_3x3");

  @TempDir Path temp;
  private String data = "";
  private String table = "";
  private List<String> architectures = List.of();

  @BeforeEach
  void imagesAndTable() throws IOException {
    data = TinyData.write(temp.resolve("images"));
    architectures =
        FIRST.stream()
            .map("|%s~0|+|none~0|none~1|+|skip_connect~0|none~1|skip_connect~2|"::formatted)
            .toList();
    StringBuilder csv = new StringBuilder("index,arch,params_c10,c10_test200\n");
    for (int i = 0; i < architectures.size(); i++) {
      csv.append("%d,%s,%d,%d\n".formatted(i, architectures.get(i), 10 * i, 50 + i));
    }
    table = temp.resolve("nb201.table").toString();
    Path source = Files.writeString(temp.resolve("nb201.csv"), csv);
    Called.with("table", "convert", source.toString(), "-o", table).succeeded();
  }

  private Called rank(String... more) {
    List<String> all = new ArrayList<>(List.of("rank", table, "--data", data));
    all.addAll(List.of(more));
    return Called.with(all.toArray(String[]::new));
  }

  private static Map<String, Double> kept(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .skip(1)
        .map(line -> line.split(","))
        .collect(Collectors.toMap(fields -> fields[0], fields -> Double.valueOf(fields[1])));
  }

  @Test
  void scoresASampleAsTheProxyDoesAndKeepsTheScores() throws IOException {
    Called all = rank("--proxy", "nwot", "--batch", "4");
    all.succeeded();
    Path file = temp.resolve("nb201.table-nwot.csv");
    assertThat(all.out())
        .contains("nasbench201 C=16 N=5 on 4 images of ", "3 architectures drawn with seed 0")
        .contains("scores kept in " + file)
        .containsPattern("architectures +3 *\n")
        .containsPattern("tau-b of parameters +1.000");
    try (Backend backend = Devices.open("auto", 0)) {
      SearchSpace space = Spaces.of("nasbench201");
      var size = new SearchSpace.Size(16, 5, 1, 1);
      ZeroCost zeroCost = new ZeroCost(space, size, Datasets.open(data), 4, backend);
      for (String each : architectures) {
        assertThat(kept(file))
            .as("those of %s", space.name())
            .containsEntry(
                each,
                zeroCost
                    .measure(space.parse(each), List.of(Proxies.of("nwot")), 0)
                    .getOrDefault("nwot", Double.NaN));
      }
    }
    String content = Files.readString(file);
    rank("--proxy", "nwot", "--batch", "4", "--seed", "3").succeeded();
    assertThat(file).hasContent(content);
    Called.with("rank", table, "--scores", file.toString()).succeeded();
    rank("--proxy", "nwot", "--batch", "8")
        .refused(file + " has other scores", "on 8 images", "name another file");
    assertThat(file).hasContent(content);
  }

  /** Its parts are kept of each; its scores are of all of them beside each other. */
  @Test
  void aProxyThatComparesArchitecturesComparesTheSample() {
    rank("--proxy", "az_nas", "--batch", "4").succeeded();
    assertThat(temp.resolve("nb201.table-az_nas.csv"))
        .content()
        .startsWith("arch,az_nas.expressivity of nasbench201 C=16 N=5 on 4 images of ");
  }

  @Test
  void whatCannotBeIsRefused() {
    rank("--proxy", "nope").refused("unknown proxy 'nope'");
    rank("--proxy", "nwot", "--batch", "1").refused("a batch of 1 images cannot be");
    rank("--proxy", "nwot", "--supernet", temp.toString())
        .refused("--supernet=DIR", "--proxy=NAME", "are mutually exclusive");
    assertThat(temp).isDirectoryNotContaining("glob:**nwot*");
  }
}
