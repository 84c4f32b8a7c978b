package org.espalier.report;

import static org.espalier.report.Figures.escape;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.espalier.checkpoint.AtomicFile;

/**
 * Black-box searches on a table, as one HTML page: regret over time, results, published results.
 */
public final class BaselineReport {
  private BaselineReport() {}

  /**
   * What the page shows.
   *
   * @param columns the data sets of the results
   * @param seconds the times of the regrets
   * @param dataset whose regret it is
   * @param notes where the figures are from
   */
  public record Content(
      String title,
      List<String> about,
      List<String> columns,
      List<Search> searches,
      List<Double> seconds,
      String dataset,
      List<String> notes) {}

  /**
   * A search and what it came to.
   *
   * @param results for each column
   * @param published for each column; empty where there is none
   * @param regret in points of test accuracy, at the times of the page
   */
  public record Search(
      String name,
      String description,
      String trials,
      List<String> results,
      List<String> published,
      List<Double> regret) {}

  /**
   * Writes the page, whole or not at all.
   *
   * @throws org.espalier.InputException if the file cannot be written
   */
  public static void write(Content content, Path file) {
    AtomicFile.write(file, page(content));
  }

  static String page(Content content) {
    String regret =
        Sections.section(
            "Regret over time",
            "<div class=\"charts\">"
                + Sections.chart(
                    "regret",
                    "Points of test accuracy on "
                        + content.dataset
                        + " below the best of the table, mean over runs")
                + "</div>");
    Curves curves =
        Curves.of(
            "regret",
            "seconds",
            content.seconds,
            content.searches.stream().map(Search::name).toList(),
            content.searches.stream().map(Search::regret).toList());
    return HtmlReport.render(
        Map.of(
            "kind", "baseline report",
            "title", escape(content.title),
            "about",
                content.about.stream()
                    .map(fact -> "<span>" + escape(fact) + "</span>")
                    .collect(Collectors.joining()),
            "comparison", results(content) + regret,
            "reproduce", RankReport.notes(content.notes),
            "numbers", "the table has the numbers",
            "data", Chart.json(List.of(curves))));
  }

  private static String results(Content content) {
    String heads =
        content.columns.stream()
            .map(name -> "<th>" + escape(name) + "</th>")
            .collect(Collectors.joining());
    String rows =
        content.searches.stream().map(s -> row(content, s)).collect(Collectors.joining("\n"));
    return Sections.section(
        "Test accuracy of what was found, in percent",
        "<div class=\"scroll\"><table class=\"contenders\"><thead><tr><th>Search</th>"
            + heads
            + "<th>Trainings</th></tr></thead>\n"
            + rows
            + "</table></div>");
  }

  private static String row(Content content, Search search) {
    StringBuilder row = new StringBuilder("<tbody>");
    row.append(cells(content, search.name, search.results, search.trials));
    if (search.published.stream().anyMatch(p -> !p.isEmpty())) {
      row.append(cells(content, "published", search.published, ""));
    }
    return row.append(
            "<tr class=\"text\"><td colspan=\"%d\">%s</td></tr></tbody>"
                .formatted(content.columns.size() + 2, escape(search.description)))
        .toString();
  }

  private static String cells(Content content, String name, List<String> values, String last) {
    StringBuilder row = new StringBuilder("<tr><th scope=\"row\">" + escape(name) + "</th>");
    for (int i = 0; i < values.size(); i++) {
      row.append(
          "<td data-name=\"%s\">%s</td>"
              .formatted(escape(content.columns.get(i)), escape(values.get(i))));
    }
    return row.append("<td data-name=\"Trainings\">%s</td></tr>".formatted(escape(last)))
        .toString();
  }
}
