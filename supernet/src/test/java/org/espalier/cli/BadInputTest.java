package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each bad input gets one line and exit code 2, and leaves nothing behind. */
class BadInputTest {
  @TempDir Path temp;
  private Path run = Path.of("");
  private Path images = Path.of("");
  private String data = "";

  @BeforeEach
  void tinyData() {
    run = temp.resolve("run");
    images = temp.resolve("images");
    data = TinyData.write(images);
  }

  static Stream<Arguments> options() {
    return Stream.of(
        arguments(
            "unknown search space 'foo'; known: nasbench201, darts", List.of("--space", "foo")),
        arguments(
            "unknown strategy 'dartz'; known: darts, darts-2nd", List.of("--strategy", "dartz")),
        arguments(
            "unknown key 'search.foo'; known: search.epochs", List.of("--set", "search.foo=1")),
        arguments("unknown key 'foo'; known: space", List.of("--set", "foo.bar=1")),
        arguments("'search.epochs'", List.of("--set", "search.epochs=many")),
        arguments("'search.nesterov'", List.of("--set", "search.nesterov=2")),
        arguments("should read key=value", List.of("--set", "search.epochs")),
        arguments("search.batch is 1; at least 2", List.of("--set", "search.batch=1")),
        arguments("space", List.of("--set", "space=darts")),
        arguments("unknown device 'abacus'; known: auto", List.of("--device", "abacus")),
        arguments("device cuda is not available", List.of("--device", "cuda")),
        arguments("device ejml has no option 'tf32'", List.of("--device", "ejml,tf32")),
        arguments("device auto has no option 'tf32'", List.of("--device", "auto,tf32")),
        arguments("unknown data 'foo'; known: fashion-mnist", List.of("--data", "foo")),
        arguments("no such folder", List.of("--data", "idx:nowhere")),
        arguments("unknown preset 'desk'; known: laptop, paper", List.of("--preset", "desk")),
        arguments(
            "--config nowhere.yaml: there is no such file", List.of("--config", "nowhere.yaml")),
        arguments("'--epochs': 'ten' is not an int", List.of("--epochs", "ten")),
        arguments("did you mean --epochs", List.of("--epoch", "3")),
        arguments("try 'espalier search --help'", List.of("--seed")),
        arguments("there is no such folder", List.of("--resume", "nowhere")),
        arguments("drop --seed", List.of("--resume", "nowhere", "--seed", "3")));
  }

  @ParameterizedTest(name = "search {1}")
  @MethodSource("options")
  void anOptionThatCannotBe(String saying, List<String> options) {
    Stream<String> out =
        options.contains("--resume") ? Stream.of() : Stream.of("--out", run.toString());
    called("search", Stream.concat(out, options.stream())).refused(saying);
    assertThat(run).doesNotExist();
  }

  static Stream<Arguments> commands() {
    return Stream.of(
        arguments("did you mean search", List.of("serch")),
        arguments("try 'espalier list --help'", List.of("list")),
        arguments("there are: spaces, strategies", List.of("list", "flowers")),
        arguments("unmatched argument", List.of("info", "more")),
        arguments("wants a GENOTYPE", List.of("train")));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("commands")
  void aCommandThatThereIsNot(String saying, List<String> args) {
    Called.with(args.toArray(String[]::new)).refused(saying);
  }

  static Stream<Arguments> genotypes() {
    return Stream.of(
        arguments("|nor_conv_3x3~0|", "3 are wanted"),
        arguments("|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|", "nor_conv_9x9"),
        arguments("Genotype(normal=[('sep_conv_3x3', 1)], reduce=[])", "Genotype"),
        arguments("DARTS_V9", "DARTS_V9"),
        arguments("nowhere.json", "nowhere.json"),
        arguments("a good one", "is no architecture"));
  }

  @ParameterizedTest(name = "train {0}")
  @MethodSource("genotypes")
  void anArchitectureThatDoesNotParse(String genotype, String saying) {
    Called.with("train", genotype, "--data", data, "--out", run.toString()).refused(saying);
    assertThat(run).doesNotExist();
  }

  @Test
  void aGenotypeFileThatIsCutShort() throws IOException {
    Path file =
        Files.writeString(temp.resolve("genotype.json"), "{\"space\": \"nasbench201\", \"geno");
    Called.with("train", file.toString(), "--data", data, "--out", run.toString())
        .refused("genotype.json");
    assertThat(run).doesNotExist();
  }

  static Stream<Arguments> files() {
    return Stream.of(
        arguments("search: {epochs: [", "is not YAML"),
        arguments("search:\n\tepochs: 3\n", "is not YAML"),
        arguments("", "holds no keys"),
        arguments("epochs: 3\n", "unknown key 'epochs'"),
        arguments("search: {foo: 3}\n", "unknown key 'search.foo'"),
        arguments("search: 3\n", "'search' is a section"),
        arguments("search: {epochs: many}\n", "many"),
        arguments("space: darts\n", "--space nasbench201"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void aConfigurationFileThatCannotBe(String yaml, String saying) throws IOException {
    Path file = Files.writeString(temp.resolve("my.yaml"), yaml);
    called(
            "search",
            Stream.of(
                "--space", "nasbench201", "--config", file.toString(), "--out", run.toString()))
        .refused(saying);
    assertThat(run).doesNotExist();
  }

  @Test
  void idxFilesThatAreCutShort() throws IOException {
    cut(images.resolve("train-images-idx3-ubyte"));
    Called.search("--data", data, "--out", run.toString()).refused("train-images-idx3-ubyte");
    assertThat(run).doesNotExist();
  }

  @Test
  void cifarFilesThatAreCutShort() throws IOException {
    Path file = Files.write(temp.resolve("batch.bin"), new byte[10 * 3073 - 5]);
    Called.search("--data", "cifar10:" + file, "--out", run.toString())
        .refused("batch.bin", "3073");
    assertThat(run).doesNotExist();
  }

  @Test
  void imageFilesThatAreNotImages() throws IOException {
    for (String folder : List.of("train/cat", "train/dog", "test/cat", "test/dog")) {
      Path of = Files.createDirectories(temp.resolve("folder").resolve(folder));
      Files.writeString(of.resolve("1.png"), "\u0089PNG");
    }
    Called.search("--data", "images:" + temp.resolve("folder"), "--out", run.toString())
        .refused("1.png");
    assertThat(run).doesNotExist();
  }

  @Test
  void tooFewImagesForABatch() {
    Called.search("--data", data, "--out", run.toString(), "--set", "search.batch=1000")
        .refused("search.batch is 1000");
    assertThat(run).doesNotExist();
  }

  @Test
  void aFileInTheWayOfTheFolder() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "precious");
    Called.search("--data", data, "--out", file.toString()).refused(file.toString());
    assertThat(file).hasContent("precious");
  }

  @Test
  void aFileInTheWayAboveTheFolder() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "precious");
    Called.search("--data", data, "--out", file.resolve("run").toString()).refused(file.toString());
    Called.with(
            "train",
            "DARTS_V1",
            "--data",
            data,
            "--set",
            "training.auxiliary=0",
            "--out",
            file + "/run")
        .refused(file.toString());
    assertThat(file).hasContent("precious");
  }

  @Test
  void aFolderThatHoldsSomethingAlready() throws IOException {
    Files.createDirectories(run);
    Path note = Files.writeString(run.resolve("note"), "precious");
    Called.search("--data", data, "--out", run.toString())
        .refused(run.toString(), "not empty", "--resume");
    assertThat(run).isDirectoryContaining(note::equals);
    try (Stream<Path> inside = Files.list(run)) {
      assertThat(inside).hasSize(1);
    }
  }

  private Called called(String command, Stream<String> more) {
    List<String> own = more.toList();
    List<String> args =
        own.contains("--resume") || own.contains("--data")
            ? own
            : Stream.concat(own.stream(), Stream.of("--data", data)).toList();
    return Called.with(Stream.concat(Stream.of(command), args.stream()).toArray(String[]::new));
  }

  /** Leaves the first half of a file. */
  static void cut(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(all, all.length / 2));
  }
}
