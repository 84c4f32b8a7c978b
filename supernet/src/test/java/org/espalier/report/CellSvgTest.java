package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import javax.xml.parsers.DocumentBuilderFactory;
import org.espalier.report.CellLayout.Arc;
import org.espalier.report.CellLayout.Box;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class CellSvgTest {
  private static final List<String> NB201_OPS =
      List.of("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3");
  private static final List<String> DARTS_OPS =
      List.of(
          "max_pool_3x3",
          "avg_pool_3x3",
          "skip_connect",
          "sep_conv_3x3",
          "sep_conv_5x5",
          "dil_conv_3x3",
          "dil_conv_5x5");

  @Test
  void theDrawingIsWellFormedAndNamesEveryNodeAndOperation() throws Exception {
    for (CellGraph cell :
        List.of(SampleRuns.NB201, SampleRuns.DARTS_NORMAL, SampleRuns.DARTS_REDUCE)) {
      List<String> expected = new ArrayList<>(cell.nodes());
      cell.arrows().stream()
          .map(Arrow::label)
          .filter(label -> !label.isEmpty())
          .forEach(expected::add);

      assertThat(texts(parse(CellSvg.draw(cell)))).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void namesThatLookLikeMarkupStayText() throws Exception {
    var cell =
        new CellGraph("<b>", List.of("a&b", "\"'\u0001"), List.of(new Arrow(0, 1, "<script>")));

    assertThat(texts(parse(CellSvg.draw(cell))))
        .containsExactlyInAnyOrder("a&b", "\"'\uFFFD", "<script>");
  }

  @Test
  void aCellOfOneNodeOrNoArrowIsDrawn() throws Exception {
    assertThat(texts(parse(CellSvg.draw(new CellGraph("cell", List.of("0"), List.of())))))
        .containsExactly("0");
    assertThat(texts(parse(CellSvg.draw(new CellGraph("cell", List.of("0", "1"), List.of())))))
        .containsExactly("0", "1");
  }

  @Test
  void labelsOverlapNeitherLabelsNorNodesInAnyCell() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
    for (int i = 0; i < 100; i++) {
      assertTidy(randomNasBench201(random));
      assertTidy(randomDarts(random));
    }
  }

  @Test
  void longNamesGetTheRoomTheyNeed() {
    assertTidy(
        new CellGraph(
            "cell",
            List.of("the_first_input", "0", "1", "out"),
            List.of(
                new Arrow(0, 2, "inverted_bottleneck_expansion_6_kernel_7x7"),
                new Arrow(0, 2, "skip"),
                new Arrow(0, 1, "skip"),
                new Arrow(0, 1, "squeeze_and_excitation"),
                new Arrow(1, 2, "inverted_bottleneck"),
                new Arrow(2, 3, ""))));
  }

  private static CellGraph randomNasBench201(RandomGenerator random) {
    List<Arrow> arrows = new ArrayList<>();
    for (int to = 1; to < 4; to++) {
      for (int from = 0; from < to; from++) {
        arrows.add(new Arrow(from, to, NB201_OPS.get(random.nextInt(NB201_OPS.size()))));
      }
    }
    return new CellGraph("cell", List.of("0", "1", "2", "3"), arrows);
  }

  /** Also with both operations of a node on the same edge. */
  private static CellGraph randomDarts(RandomGenerator random) {
    Object[] pairs = new Object[16];
    for (int i = 0; i < 8; i++) {
      pairs[2 * i] = DARTS_OPS.get(random.nextInt(DARTS_OPS.size()));
      pairs[2 * i + 1] = random.nextInt(2 + i / 2);
    }
    return SampleRuns.darts("normal", pairs);
  }

  private static void assertTidy(CellGraph cell) {
    CellLayout layout = CellLayout.of(cell);
    List<Box> labels = layout.arcs().stream().map(Arc::label).toList();
    List<Box> all = new ArrayList<>(labels);
    all.addAll(layout.nodes());
    for (int i = 0; i < labels.size(); i++) {
      assertThat(all.subList(i + 1, all.size())).as("%s", cell).noneMatch(labels.get(i)::overlaps);
    }
    assertThat(all)
        .as("%s", cell)
        .allMatch(
            box ->
                box.x() - box.halfWidth() >= 0
                    && box.x() + box.halfWidth() <= layout.width()
                    && box.y() - box.halfHeight() >= 0
                    && box.y() + box.halfHeight() <= layout.height());
    for (Arc arc : layout.arcs()) {
      assertThat(arc.end() - arc.start())
          .as("%s %s", arc, cell)
          .isGreaterThan(2 * arc.label().halfWidth());
    }
  }

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static List<String> texts(Document svg) {
    NodeList elements = svg.getElementsByTagName("text");
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < elements.getLength(); i++) {
      texts.add(elements.item(i).getTextContent());
    }
    return texts;
  }
}
