package org.espalier.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.candidate.CandidateOp;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Genotypes in the field's own notation: what is written is read back, and what is malformed is
 * refused by name.
 */
class GenotypeTest {
  private static final SearchSpace NASBENCH = Spaces.of("nasbench201");
  private static final SearchSpace DARTS = Spaces.of("darts");

  private static final String NORMAL =
      "('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('dil_conv_5x5', 2),"
          + " ('avg_pool_3x3', 3), ('sep_conv_5x5', 1), ('max_pool_3x3', 4), ('dil_conv_3x3', 2)";
  private static final String REDUCE =
      "('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0),"
          + " ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)";

  private static String darts(String normal, String reduce) {
    return "Genotype(normal=[%s], normal_concat=range(2, 6), reduce=[%s], reduce_concat=range(2, 6))"
        .formatted(normal, reduce);
  }

  // ---- NAS-Bench-201

  @Test
  void everyNasBench201ArchitectureIsReadBackAsItIsWritten() {
    Set<Genotype> seen = new HashSet<>();
    IntStream.range(0, 15_625)
        .forEach(
            index -> {
              Genotype genotype = nasbench(index);
              String text = NASBENCH.format(genotype);
              assertThat(NASBENCH.parse(text)).isEqualTo(genotype);
              seen.add(genotype);
            });
    assertThat(seen).hasSize(15_625);
  }

  private static Genotype nasbench(int index) {
    List<String> ops = NASBENCH.candidates().stream().map(CandidateOp::name).toList();
    List<Gene> genes = new ArrayList<>();
    int rest = index;
    for (SearchSpace.Edge edge : NASBENCH.cells().getFirst().edges()) {
      genes.add(new Gene(edge.from(), edge.to(), ops.get(rest % 5)));
      rest /= 5;
    }
    return new Genotype("nasbench201", List.of(new Genotype.Cell("cell", genes)));
  }

  @Test
  void aNasBench201ArchitectureReadsAsPublished() {
    Genotype genotype =
        NASBENCH.parse(
            "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|");
    assertThat(genotype.cells().getFirst().genes())
        .containsExactly(
            new Gene(0, 1, "nor_conv_3x3"),
            new Gene(0, 2, "none"),
            new Gene(1, 2, "skip_connect"),
            new Gene(0, 3, "avg_pool_3x3"),
            new Gene(1, 3, "none"),
            new Gene(2, 3, "nor_conv_1x1"));
  }

  @Test
  void whiteSpaceAroundTheNodesOfNasBench201DoesNotMatter() {
    assertThat(NASBENCH.parse("\n |none~0| +\t|none~0|none~1|\n+ |none~0|none~1|none~2| \n"))
        .isEqualTo(NASBENCH.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"));
  }

  /** Each text, and what the message must name. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|; 'nor_conv_5x5~0'",
        "|sep_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|; 'sep_conv_3x3~0'",
        "|None~0|+|none~0|none~1|+|none~0|none~1|none~2|; 'None~0'",
        "|none|+|none~0|none~1|+|none~0|none~1|none~2|; 'none'",
        "|~0|+|none~0|none~1|+|none~0|none~1|none~2|; '~0'",
        "|none~1|+|none~0|none~1|+|none~0|none~1|none~2|; 'none~1'",
        "|none~0|+|none~1|none~0|+|none~0|none~1|none~2|; 'none~1'",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~3|; 'none~3'",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~12|; 'none~12'",
        "|none~0~0|+|none~0|none~1|+|none~0|none~1|none~2|; 'none~0~0'",
        "|none~0|+|none~0|none~1|; 2 nodes",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+|none~0|none~1|none~2|none~3|; 4 nodes",
        "|none~0|+|none~0|+|none~0|none~1|none~2|; node 2 is '|none~0|'",
        "|none~0|none~0|+|none~0|none~1|+|none~0|none~1|none~2|; node 1 is '|none~0|none~0|'",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2; node 3 is '|none~0|none~1|none~2'",
        "none~0|+|none~0|none~1|+|none~0|none~1|none~2|; node 1 is 'none~0|'",
        "|none~0|+||none~0|none~1|+|none~0|none~1|none~2|; node 2 is '||none~0|none~1|'",
        "|none~0| and +|none~0|none~1|+|none~0|none~1|none~2|; node 1 is '|none~0| and'",
        "|+|none~0|none~1|+|none~0|none~1|none~2|; node 1 is '|'",
        "++; node 1 is ''",
        "'|none~0|+\n|none~0|none~1|\n'; 2 nodes",
        "DARTS_V1; 1 nodes",
        "''; 1 nodes",
      })
  void aMalformedNasBench201ArchitectureIsRefusedByItsOffendingPart(String text, String part) {
    assertRefused(NASBENCH, text, part);
  }

  private static void assertRefused(SearchSpace space, String text, String part) {
    assertThatThrownBy(() -> space.parse(text))
        .isInstanceOf(InputException.class)
        .message()
        .as("one line that names the offending part")
        .doesNotContain("\n")
        .satisfies(
            message -> assertThat(message.substring(message.indexOf("is not a "))).contains(part));
  }

  // ---- DARTS

  @ParameterizedTest
  @ValueSource(strings = {"DARTS_V1", "DARTS_V2", "PC_DARTS", " DARTS_V2\n"})
  void publishedGenotypesOfDartsAreReadBackAsTheyAreWritten(String name) {
    Genotype genotype = DARTS.parse(name);
    assertThat(DARTS.parse(DARTS.format(genotype))).isEqualTo(genotype);
    assertThat(genotype.cells())
        .extracting(Genotype.Cell::name)
        .containsExactly("normal", "reduce");
    assertThat(genotype.cells()).allSatisfy(cell -> assertThat(cell.genes()).hasSize(8));
  }

  @Test
  void randomGenotypesOfDartsAreReadBackAsTheyAreWritten() {
    for (int i = 0; i < 500; i++) {
      Genotype genotype = DARTS.random(Rng.of(i));
      assertThat(DARTS.parse(DARTS.format(genotype))).isEqualTo(genotype);
    }
  }

  @Test
  void aDartsGenotypeReadsAndIsWrittenAsInDartsOwnCode() {
    Genotype genotype = DARTS.parse(darts(NORMAL, REDUCE));
    assertThat(genotype.cells().getFirst().genes())
        .containsExactly(
            new Gene(1, 2, "sep_conv_3x3"),
            new Gene(0, 2, "sep_conv_3x3"),
            new Gene(0, 3, "skip_connect"),
            new Gene(2, 3, "dil_conv_5x5"),
            new Gene(3, 4, "avg_pool_3x3"),
            new Gene(1, 4, "sep_conv_5x5"),
            new Gene(4, 5, "max_pool_3x3"),
            new Gene(2, 5, "dil_conv_3x3"));
    assertThat(DARTS.format(genotype)).isEqualTo(darts(NORMAL, REDUCE));
  }

  /** Forms that other code bases print: all the same genotype. */
  @Test
  void theUsualWaysToWriteADartsGenotypeAreUnderstood() {
    Genotype genotype = DARTS.parse(darts(NORMAL, REDUCE));
    assertThat(
            List.of(
                "Genotype(normal=["
                    + NORMAL
                    + "], normal_concat=[2, 3, 4, 5], reduce=["
                    + REDUCE
                    + "], reduce_concat=[2, 3, 4, 5])",
                "Genotype(normal=["
                    + NORMAL
                    + "], normal_concat=range(2,6), reduce=["
                    + REDUCE
                    + "], reduce_concat=[2,3,4,5])",
                "Genotype(normal=[" + NORMAL + "], reduce=[" + REDUCE + "])",
                "Genotype(reduce=[" + REDUCE + "], normal=[" + NORMAL + "])",
                darts(NORMAL, REDUCE).replace('\'', '"'),
                darts(NORMAL, REDUCE).replace(" ", ""),
                darts(NORMAL, REDUCE).replace(", (", ",\n    (").replace("=", " = "),
                darts(NORMAL + ",", REDUCE + " , "),
                "  " + darts(NORMAL, REDUCE) + "\n",
                "Genotype(\n  normal = [\n    "
                    + NORMAL
                    + "\n  ],\n  normal_concat = range(2, 6),\n  reduce = [\n    "
                    + REDUCE
                    + "\n  ],\n  reduce_concat = [ 2, 3, 4, 5 ],\n)"))
        .allSatisfy(text -> assertThat(DARTS.parse(text)).isEqualTo(genotype));
  }

  /** What in the normal cell is replaced by what, and what the message must name. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "'sep_conv_3x3', 1; 'sep_conv_7x7', 1; 'sep_conv_7x7' in normal",
        "'sep_conv_3x3', 1; 'nor_conv_3x3', 1; 'nor_conv_3x3' in normal",
        "'sep_conv_3x3', 1; 'none', 1; 'none' in normal",
        "'sep_conv_3x3', 1; '', 1; '' in normal",
        "'sep_conv_3x3', 1; 'sep_conv_3x3', 2; node 2 of normal takes input 2",
        "'dil_conv_3x3', 2; 'dil_conv_3x3', 5; node 5 of normal takes input 5",
        "'dil_conv_3x3', 2; 'dil_conv_3x3', 99999999999; node 5 of normal takes input 99999999999",
        "'dil_conv_3x3', 2; 'dil_conv_3x3', -1; normal",
        "'dil_conv_3x3', 2; 'dil_conv_3x3', 1.5; normal",
        "'dil_conv_3x3', 2; 'dil_conv_3x3'; normal",
        "'dil_conv_3x3', 2; dil_conv_3x3, 2; normal",
        ", ('dil_conv_3x3', 2); ``; normal has 7",
        "('dil_conv_3x3', 2); ('dil_conv_3x3', 2), ('dil_conv_3x3', 2); normal has 9",
        "('dil_conv_3x3', 2); ('dil_conv_3x3', 2), ('dil_conv_3x3', 2), ('dil_conv_3x3', 2); normal"
            + " has 10",
        "('dil_conv_3x3', 2); ('dil_conv_3x3', 2) and more; normal",
        "('skip_connect', 0); x ('skip_connect', 0); normal",
        "('skip_connect', 0); None, ('skip_connect', 0); normal",
      })
  void aMalformedCellOfDartsIsRefusedByItsOffendingPart(
      String old, String replacement, String part) {
    assertThat(NORMAL).contains(old);
    assertRefused(
        DARTS,
        darts(NORMAL.replaceFirst(java.util.regex.Pattern.quote(old), replacement), REDUCE),
        part);
  }

  /** The whole text is taken from a shell or a file: N and R stand for good cells. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "DARTS_V3; DARTS_V1, DARTS_V2, PC_DARTS",
        "``; DARTS_V1, DARTS_V2, PC_DARTS",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|; Genotype(",
        "Genotype(normal=[N], reduce=[R]; Genotype(",
        "normal=[N], reduce=[R]; Genotype(",
        "Genotype(normal=[N]); reduce",
        "Genotype(reduce=[R]); normal",
        "Genotype(); normal",
        "Genotype(normal=[N], reduce=[]); reduce has 0",
        "Genotype(normal=[N], reduce=[R, reduce_concat=range(2, 6)); reduce",
        "Genotype(normal=[N], normal_concat=range(1, 6), reduce=[R]); range(1, 6)",
        "Genotype(normal=[N], normal_concat=range(2, 6), reduce=[R], reduce_concat=range(2, 7));"
            + " range(2, 7)",
        "Genotype(normal=[N], normal_concat=[2, 3, 4], reduce=[R]); [2, 3, 4]",
        "Genotype(normal=[N], normal_concat=[3, 4, 5, 6], reduce=[R]); [3, 4, 5, 6]",
        "Genotype(normal=[N], normal_concat=[2, 3, 4, 5, 5], reduce=[R]); [2, 3, 4, 5, 5]",
        "Genotype(normal=[N], normal_concat=range(2, 6) + 1, reduce=[R]); range(2, 6) + 1",
        "Genotype(normal=[N], normal=[N], reduce=[R]); normal",
        "Genotype(normal=[N], recurrent=[R], reduce=[R]); recurrent",
        "Genotype(normal=[N], rubbish, reduce=[R]); rubbish",
        "Genotype(normal=[N] reduce=[R]) or Genotype(normal=[N], reduce=[R]); 'normal=[",
        "`Genotype(normal=[N],\n reduce=[])`; reduce has 0",
        "`Genotype(normal=[N],\n\n rubbish)`; 'rubbish'",
        "Genotype(normal=range(2, 6), reduce=[R]); normal has 0",
      })
  void aMalformedDartsGenotypeIsRefusedByItsOffendingPart(String text, String part) {
    assertRefused(
        DARTS,
        text.replace("N]", NORMAL + "]")
            .replace("R]", REDUCE + "]")
            .replace("[R,", "[" + REDUCE + ","),
        part);
  }

  // ---- both

  @Test
  void aGenotypeOfOneSpaceIsNoneOfTheOther() {
    assertThatThrownBy(() -> NASBENCH.parse(darts(NORMAL, REDUCE)))
        .isInstanceOf(InputException.class);
    assertThatThrownBy(() -> DARTS.parse(NASBENCH.format(nasbench(17))))
        .isInstanceOf(InputException.class);
  }

  @Test
  void randomArchitecturesUseEveryOperationOfEveryEdge() {
    for (SearchSpace space : Spaces.all()) {
      Set<Gene> seen = new HashSet<>();
      for (int i = 0; i < 2000; i++) {
        space.random(Rng.of(i)).cells().forEach(cell -> seen.addAll(cell.genes()));
      }
      int perEdge = space.name().equals("darts") ? 7 : 5; // DARTS' final cells have no none
      assertThat(seen).hasSize(space.cells().getFirst().edges().size() * perEdge);
    }
  }
}
