package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.espalier.benchmark.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tables at the command line: what they tell, and that bad ones get one line and exit code 2. */
class TableCommandTest {
  private static final String NB201 = "index,arch,params_c10,c10_test200,c10_val12\n";
  private static final String SKIPS =
      "|skip_connect~0|+|skip_connect~0|skip_connect~1|"
          + "+|skip_connect~0|skip_connect~1|skip_connect~2|";

  @TempDir Path temp;

  private Path text(String name, String content) throws IOException {
    return Files.writeString(temp.resolve(name), content);
  }

  private Called convert(Path source) {
    return Called.with("table", "convert", source.toString(), "-o", target().toString());
  }

  private Path target() {
    return temp.resolve("a.table");
  }

  private void refused(Path source, String... saying) throws IOException {
    convert(source).refused(saying);
    assertThat(target()).doesNotExist();
    try (Stream<Path> left = Files.list(temp)) {
      assertThat(left.filter(file -> file.toString().endsWith(".new"))).isEmpty();
    }
  }

  @Test
  void aTableIsConvertedDescribedAndQueried() throws IOException {
    Path csv = text("a.csv", NB201 + "0," + SKIPS + ",73306,54.3,50.25\n");
    Called converted = convert(csv);
    converted.succeeded();
    assertThat(converted.out()).contains("1 architectures", "times are estimated");
    Called info = Called.with("table", "info", target().toString());
    info.succeeded();
    assertThat(info.out()).contains("nasbench201", "accuracy/cifar10/test/200/mean");
    for (String architecture : List.of(SKIPS, "0")) {
      Called query = Called.with("table", "query", target().toString(), architecture);
      query.succeeded();
      assertThat(query.out()).contains(SKIPS, "54.3000", "73306");
    }
    Called.with("table", "query", target().toString(), "1").refused("no figures of architecture 1");
    Called.with("table", "query", target().toString(), "none")
        .refused("'none' is not a NAS-Bench-201");
    Called.with("table", "baselines", target().toString()).refused("1 of 15,625 architectures");
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of("a.csv", "", "is empty"),
        Arguments.of("a.csv", "a,b\n1,2\n", "no table that is known: its columns are a, b"),
        Arguments.of("a.csv", NB201 + "0," + SKIPS + ",1,2\n", "line 2 has 4 values"),
        Arguments.of("a.csv", NB201 + "0,|none|,1,2,3\n", "not a NAS-Bench-201 architecture"),
        Arguments.of("a.csv", NB201 + "7," + SKIPS + ",1,2,3\n", "line 2 has index 7, 0 is wanted"),
        Arguments.of("a.csv", NB201 + "0," + SKIPS + ",1,many,3\n", "'many' is no number"),
        Arguments.of(
            "a.csv",
            NB201 + "0," + SKIPS + ",1,2,3\n1," + SKIPS + ",1,2,3\n",
            "line 3 has " + SKIPS + " a second time"),
        Arguments.of("a.csv", "index,raspi4\n0,1.5\n", "names no architectures"),
        Arguments.of("a.csv.gz", "no gzip", "cannot be read, or is cut off"),
        Arguments.of("000001.pickle.pbz2", "x", "is one record; the folder"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("malformed")
  void whatIsNoTable(String name, String content, String saying) throws IOException {
    refused(text(name, content), name, saying);
  }

  @Test
  void sourcesThatAreNotThereOrAreOfDifferentSpaces() throws IOException {
    refused(temp.resolve("nowhere"), "nowhere: no such file or folder");
    Path one = text("a.csv", NB201 + "0," + SKIPS + ",73306,54.3,50.25\n");
    Path other = text("b.csv", "arch,acc1,acc2,acc3,params,flops\n00000000,1,2,3,4,5\n");
    Called.with("table", "convert", one.toString(), other.toString(), "-o", target().toString())
        .refused("different spaces cannot be joined");
    Path latency = text("c.csv", "index,pixel3\n0,1\n1,2\n");
    Called.with("table", "convert", one.toString(), latency.toString(), "-o", target().toString())
        .refused("2 lines for 1 architectures");
    assertThat(target()).doesNotExist();
    Called.with("table", "info", one.toString()).refused("is not a converted table");
    Called.with("table", "convert", one.toString(), "-o", temp.resolve("no/a.table").toString())
        .refused("cannot be written");
  }

  private static byte[] packed(byte[] pickle) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new BZip2CompressorOutputStream(packed)) {
      out.write(pickle);
    }
    return packed.toByteArray();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A folder of one architecture, and one record. */
  private Path nats(byte[] record) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("NATS-tss"));
    String name = "meta_archs";
    String meta =
        "\u0080\u0004}\u008c"
            + (char) name.length()
            + name
            + "]\u008c"
            + (char) SKIPS.length()
            + SKIPS
            + "as.";
    Files.write(folder.resolve("meta.pickle.pbz2"), packed(bytes(meta)));
    Files.write(folder.resolve("000000.pickle.pbz2"), record);
    return folder;
  }

  @Test
  void aPickleThatNamesAForeignClassIsNotRun() throws IOException {
    Path proof = temp.resolve("proof");
    String command = "touch " + proof;
    byte[] pickle =
        bytes("\u0080\u0004cos\nsystem\n(\u008c" + (char) command.length() + command + "tR.");
    refused(
        nats(packed(pickle)),
        "000000.pickle.pbz2 names 'os.system', which is none of collections.OrderedDict",
        "nothing of it was run");
    assertThat(proof).doesNotExist();
  }

  static Stream<Arguments> records() throws IOException {
    byte[] whole = packed(bytes("\u0080\u0004}."));
    return Stream.of(
        Arguments.of("damaged, cut off, or no pickle", new byte[0]),
        Arguments.of("damaged, cut off, or no pickle", bytes("no archive")),
        Arguments.of("damaged, cut off, or no pickle", Arrays.copyOf(whole, whole.length - 8)),
        Arguments.of("damaged, cut off, or no pickle", packed(bytes("\u0080\u0004}"))),
        Arguments.of("it lacks record", packed(bytes("\u0080\u0004]."))),
        Arguments.of("it lacks schedules", whole),
        Arguments.of("it lacks schedule", packed(bytes("\u0080\u0004}\u008c\u000212K\u0001s."))),
        Arguments.of("it lacks arch_str", packed(bytes("\u0080\u0004}\u008c\u000212}s."))),
        Arguments.of("unpacks to more than 64 MB", packed(new byte[65 << 20])));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("records")
  void aRecordThatIsNone(String saying, byte[] record) throws IOException {
    refused(nats(record), "000000.pickle.pbz2", saying);
  }

  @Test
  void aFolderThatIsNone() throws IOException {
    refused(Files.createDirectories(temp.resolve("empty")), "has no meta.pickle.pbz2");
    Path folder = nats(packed(bytes("\u0080\u0004}.")));
    Files.write(folder.resolve("meta.pickle.pbz2"), packed(bytes("\u0080\u0004}.")));
    refused(folder, "holds no list 'meta_archs'");
  }

  /** A real record, cut at a hundred places. */
  @Test
  void everyPieceOfARecordIsRefused() throws IOException {
    byte[] whole =
        Files.readAllBytes(
            SharedData.of("nats-fixture/NATS-sss-v1_0-50262-simple/000011.pickle.pbz2"));
    for (int i = 1; i < 10; i++) {
      refused(nats(Arrays.copyOf(whole, whole.length * i / 10)), "damaged, cut off");
    }
  }

  @Test
  void scoresAreRankedAndReported() throws IOException {
    StringBuilder csv = new StringBuilder("arch,acc1,acc2,acc3,params,flops\n");
    StringBuilder scores = new StringBuilder("arch,mine,noise\n");
    for (int i = 0; i < 9; i++) {
      csv.append("0000%d0%d0,%d,%d,%d,%d,1\n".formatted(i / 3, i % 3, i, i, i, 100 + i));
      scores.append("0000%d0%d0,%d,%d\n".formatted(i / 3, i % 3, i, i * 7 % 9));
    }
    convert(text("macro.csv", csv.toString())).succeeded();
    String file = text("scores.csv", scores.toString()).toString();
    Path report = temp.resolve("rank.html");
    Called rank =
        Called.with(
            "rank",
            target().toString(),
            "--scores",
            file,
            "--column",
            "mine",
            "--top",
            "2",
            "-o",
            report.toString());
    rank.succeeded();
    assertThat(rank.out()).containsPattern("Kendall's tau-b +1.000").contains("precision at 2");
    assertThat(report).content().contains("mine", "Kendall&#39;s tau-b", "00002020");
    Called by = Called.with("rank", target().toString(), "--by", "parameters/cifar10");
    by.succeeded();
    assertThat(by.out()).containsPattern("Spearman's rho +1.000");
    Called.with("rank", target().toString(), "--scores", file)
        .refused("has the columns arch, mine, noise; which of them are the scores?");
    Called.with("rank", target().toString(), "--scores", file, "--column", "his")
        .refused("has no column 'his'");
    Called.with("rank", target().toString(), "--by", "parameters/svhn")
        .refused("the table has no parameters/svhn; it has parameters/cifar10");
    Called.with("rank", target().toString(), "--by", "parameters/cifar10", "--top", "0")
        .refused("--top [0]");
    Called.with("rank", target().toString()).refused("--scores");
    Called.with("rank", target().toString(), "--by", "parameters/cifar10", "--dataset", "svhn")
        .refused("accuracy/svhn/test/0/mean");
  }
}
