package org.espalier.report;

import static org.espalier.report.Figures.escape;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.espalier.checkpoint.AtomicFile;

/** How well scores order the architectures of a table, as one HTML page. */
public final class RankReport {
  private RankReport() {}

  /**
   * What the page shows.
   *
   * @param score what orders
   * @param truth what it is compared with, in percent
   * @param statistics name, value and meaning of each number
   * @param best the best by score
   * @param scores of each architecture
   * @param accuracies of each architecture, in percent
   * @param numbers of the architectures in the table
   * @param notes where the figures are from
   */
  public record Content(
      String score,
      String truth,
      List<Statistic> statistics,
      List<Best> best,
      double[] scores,
      double[] accuracies,
      int[] numbers,
      List<String> notes) {}

  /** A number of the comparison. */
  public record Statistic(String name, String value, String meaning) {}

  /**
   * An architecture that the scores put first.
   *
   * @param place among all by accuracy, from 1
   */
  public record Best(String architecture, String score, double accuracy, int place) {}

  /**
   * Writes the page, whole or not at all.
   *
   * @throws org.espalier.InputException if the file cannot be written
   */
  public static void write(Content content, Path file) {
    AtomicFile.write(file, page(content));
  }

  static String page(Content content) {
    String scatter =
        Sections.section(
            "Scores and accuracies",
            "<div class=\"charts\">"
                + Sections.chart("scatter", content.truth + " in percent, over " + content.score)
                + "</div>");
    return HtmlReport.render(
        Map.of(
            "kind",
            "ranking report",
            "title",
            escape(content.score) + " against " + escape(content.truth),
            "about",
            "<span>%s architectures</span>".formatted(Figures.grouped(content.numbers.length)),
            "figures",
            content.statistics.stream()
                .map(s -> Sections.card(s.name, s.value, s.meaning))
                .collect(Collectors.joining("\n")),
            "comparison",
            scatter + best(content),
            "reproduce",
            notes(content.notes),
            "numbers",
            "the table has the numbers",
            "data",
            Chart.json(
                List.of(
                    Scatter.of(
                        "scatter",
                        content.score,
                        content.scores,
                        content.accuracies,
                        content.numbers)))));
  }

  static String notes(List<String> notes) {
    return Sections.section(
        "Where the figures are from",
        notes.stream()
            .map(note -> "<p class=\"note\">" + escape(note) + "</p>")
            .collect(Collectors.joining("\n")));
  }

  private static String best(Content content) {
    String rows =
        content.best.stream()
            .map(
                b ->
                    """
                    <tbody><tr><th scope="row"><code>%s</code></th><td data-name="Score">%s</td>\
                    <td data-name="Accuracy">%s</td><td data-name="Place">%s</td></tr></tbody>\
                    """
                        .formatted(
                            escape(b.architecture),
                            escape(b.score),
                            Figures.decimal(b.accuracy, 2) + "\u00a0%",
                            Figures.grouped(b.place)))
            .collect(Collectors.joining("\n"));
    return Sections.section(
        "The best by score",
        "<div class=\"scroll\"><table class=\"contenders\"><thead><tr><th>Architecture</th>"
            + "<th>Score</th><th>Accuracy</th><th>Place by accuracy</th></tr></thead>\n"
            + rows
            + "</table></div>");
  }
}
