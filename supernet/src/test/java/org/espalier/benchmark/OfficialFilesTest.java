package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Small files in the layouts that authors publish, made by {@code bench/peers/tables.py}. */
class OfficialFilesTest {
  @TempDir Path temp;

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = OfficialFilesTest.class.getResourceAsStream("/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(temp.resolve(name), content);
  }

  private TabularBenchmark converted(Path... sources) {
    Path target = temp.resolve("a.table");
    TableConversion.convert(List.of(sources), target, done -> {});
    return TabularBenchmark.open(target);
  }

  private static String architecture(String op) {
    return "|%s~0|+|%s~0|none~1|+|%s~0|none~1|skip_connect~2|".formatted(op, op, op);
  }

  /** Lists of numbers, lists of NumPy's numbers, NumPy's arrays: one device each. */
  @Test
  void hwNasBenchHasLatenciesAndEnergiesByDeviceAndDataSet() throws IOException {
    TabularBenchmark table =
        converted(file("HW-NAS-Bench-v1_0.pickle", resource("hw-nas-bench.pickle")));
    assertThat(table.space()).isEqualTo(TableSpace.NASBENCH201);
    assertThat(table.count()).isEqualTo(5);
    int conv = table.index(architecture("nor_conv_3x3"));
    assertThat(conv).as("in the order of the file").isEqualTo(3);
    assertThat(table.latency("raspi4").at(conv)).isEqualTo(1.375);
    assertThat(table.latency("edgetpu").at(conv)).isEqualTo(2.375);
    assertThat(table.latency("fpga-ImageNet16-120").at(conv)).isEqualTo(25.375);
    assertThat(table.column("energy/edgegpu-cifar100").at(conv)).isEqualTo(103);
    assertThat(table.latency("edgegpu").at(table.index(architecture("none"))))
        .as("zero: not measured")
        .isNaN();
    assertThat(table.columns())
        .filteredOn(name -> !name.startsWith("seconds/"))
        .as("six latencies and three energies of three data sets")
        .hasSize(27);
    assertThat(table.notes()).anyMatch(note -> note.contains("HW-NAS-Bench-v1_0.pickle"));
  }

  /** By architecture, not by number: the CSV has them in another order. */
  @Test
  void hwNasBenchJoinsATableOfAccuracies() throws IOException {
    Path csv =
        file(
            "nb201.csv",
            ("arch,c10_test200\n"
                    + architecture("nor_conv_3x3")
                    + ",94\n"
                    + architecture("skip_connect")
                    + ",60\n")
                .getBytes(StandardCharsets.UTF_8));
    TabularBenchmark table = converted(csv, file("hw.pickle", resource("hw-nas-bench.pickle")));
    int conv = table.index(architecture("nor_conv_3x3"));
    assertThat(conv).isZero();
    assertThat(table.latency("pixel3").at(conv)).isEqualTo(3.375);
    assertThat(
            table.accuracy(new AccuracyKey("cifar10", Split.TEST, 200, AccuracyKey.MEAN)).at(conv))
        .isEqualTo(94);
  }

  @Test
  void macroHasThreeRunsParametersAndFlops() throws IOException {
    TabularBenchmark table =
        converted(file("nas-bench-macro_cifar10.json", resource("nas-bench-macro.json")));
    assertThat(table.space()).isEqualTo(TableSpace.NASBENCH_MACRO);
    assertThat(table.count()).isEqualTo(3);
    int index = table.index("01201201");
    assertThat(index).as("in the order of the digits").isEqualTo(1);
    assertThat(table.accuracy(key(2)).at(index)).isEqualTo(47.25);
    assertThat(table.accuracy(key(AccuracyKey.MEAN)).at(index)).isCloseTo(47.25, within(1e-5));
    assertThat(table.parameters("cifar10").at(index))
        .isEqualTo(387_882 + Integer.parseInt("01201201", 3));
    assertThat(table.flops("cifar10").at(table.index("00000000"))).isEqualTo(7_713_280);
  }

  private static AccuracyKey key(int run) {
    return new AccuracyKey("cifar10", Split.TEST, MacroJson.EPOCHS, run);
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of("{", "is no whole JSON"),
        Arguments.of("{}", "holds no architectures"),
        Arguments.of("[1]", "holds no architectures"),
        Arguments.of("{'0000000': {}}", "'0000000' is not a NAS-Bench-Macro architecture"),
        Arguments.of("{'00000000': 3}", "00000000 lacks a list 'test_acc'"),
        Arguments.of(
            "{'00000000': {'test_acc': ['x']}}", "'test_acc' of 00000000 is \"x\", no number"),
        Arguments.of(
            "{'00000000': {'test_acc': [1]}}", "'params' of 00000000 is missing, no number"),
        Arguments.of("{'00000000': {}, '00000000': {}}", "is no whole JSON: Duplicate"));
  }

  @ParameterizedTest
  @MethodSource("malformed")
  void aMalformedJsonIsRefused(String json, String saying) throws IOException {
    Path file = file("macro.json", json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    refused(file, saying);
  }

  @Test
  void aPickleThatIsNoneOrOfOtherThingsIsRefused() throws IOException {
    byte[] whole = resource("hw-nas-bench.pickle");
    for (int i = 0; i < 20; i++) {
      refused(
          file("hw.pickle", Arrays.copyOf(whole, whole.length * i / 20)), "hw.pickle is damaged");
    }
    refused(file("hw.pickle", bytes("}.")), "holds no 'nasbench201'");
    refused(
        file("hw.pickle", bytes("}X\u000b\0\0\0nasbench201}s.")),
        "holds no architectures, or no latencies");
    refused(
        file("hw.pickle", bytes("}X\u000b\0\0\0nasbench201}X\u0001\0\0\0a}ss.")),
        "nasbench201, a lacks a list 'config'");
    refused(
        file("hw.pickle", bytes("cos\nsystem\n(X\u0002\0\0\0lstR.")),
        "names 'os.system', which is none of collections.OrderedDict, NumPy's scalars");
    String text = new String(whole, StandardCharsets.ISO_8859_1);
    refused(file("hw.pickle", latin(text.replace("arch_str", "arch_sti"))), "0 lacks 'arch_str'");
    refused(
        file("hw.pickle", latin(text.replaceFirst("avg_pool_3x3~0", "nor_conv_3x3~0"))),
        "cifar100 has other architectures than the data set before it");
  }

  private static byte[] bytes(String program) {
    return latin("\u0080\u0003" + program);
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void refused(Path file, String saying) {
    Path target = temp.resolve("refused.table");
    assertThatThrownBy(() -> TableConversion.convert(List.of(file), target, done -> {}))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(saying);
    assertThat(target).doesNotExist();
  }
}
