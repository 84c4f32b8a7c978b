package org.espalier.report;

import static org.espalier.report.Figures.compact;
import static org.espalier.report.Figures.decimal;
import static org.espalier.report.Figures.duration;
import static org.espalier.report.Figures.escape;
import static org.espalier.report.Figures.grouped;
import static org.espalier.report.Figures.percent;
import static org.espalier.report.Figures.points;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The parts of the page that are text, tables and drawings. Each is empty where the run has nothing
 * to say yet.
 */
final class Sections {
  private static final String ONE_TRAINING_EACH =
      "<p class=\"note\">Each was trained once, from scratch, with the same recipe: a difference of"
          + " a point or so may be chance.</p>";

  private final RunRecord run;

  Sections(RunRecord run) {
    this.run = run;
  }

  String about() {
    List<String> about = new ArrayList<>();
    about.add(escape(run.started().replace('T', ' ')));
    about.add(duration(run.seconds()));
    run.environment()
        .forEach(
            (name, value) -> {
              if (name.equals("seed") || name.equals("device")) {
                about.add(escape(name) + " " + escape(value));
              }
            });
    return about.stream().map(fact -> "<span>" + fact + "</span>").collect(Collectors.joining());
  }

  String verdict() {
    Verdict verdict = Verdict.of(run);
    String tone = verdict.tone().name().toLowerCase(Locale.ROOT);
    return "<p class=\"verdict " + tone + "\">" + escape(verdict.sentence()) + "</p>";
  }

  String warnings() {
    return run.warnings().stream()
        .map(
            warning ->
                "<p class=\"warning\" role=\"note\"><b>Warning</b> " + escape(warning) + "</p>\n")
        .collect(Collectors.joining());
  }

  String figures() {
    List<String> cards = new ArrayList<>();
    if (!run.contenders().isEmpty()) {
      Contender found = run.contenders().getFirst();
      cards.add(
          card("Test accuracy", percent(found.testAccuracy()), "after training from scratch"));
      run.contenders().stream()
          .skip(1)
          .mapToDouble(Contender::testAccuracy)
          .filter(Double::isFinite)
          .max()
          .ifPresent(
              best ->
                  cards.add(
                      card(
                          "Against best rival",
                          points(found.testAccuracy() - best),
                          "points of test accuracy")));
      cards.add(
          card("Parameters", compact(found.parameters()), grouped(found.parameters()) + " floats"));
      cards.add(card("Multiply-adds", compact(found.flops()), "for one image, forward"));
    }
    if (!run.search().isEmpty()) {
      SearchEpoch last = run.search().getLast();
      double seconds = run.search().stream().mapToDouble(SearchEpoch::seconds).sum();
      String epochs =
          last.epoch() < last.epochs() ? last.epoch() + " of " + last.epochs() : "" + last.epoch();
      String rate =
          Double.isFinite(last.imagesPerSecond())
              ? ", " + grouped(Math.round(last.imagesPerSecond())) + " images/s"
              : "";
      cards.add(
          card(
              "Search",
              duration(seconds),
              epochs + (last.epochs() == 1 ? " epoch" : " epochs") + rate));
    }
    cards.add(card("Whole run", duration(run.seconds()), "wall clock"));
    return String.join("\n", cards);
  }

  static String card(String name, String value, String note) {
    return "<div class=\"card\"><dt>%s</dt><dd>%s<small>%s</small></dd></div>"
        .formatted(escape(name), escape(value), escape(note));
  }

  String architecture() {
    String text = genotype();
    if (run.cells().isEmpty() && text.isEmpty()) {
      return "";
    }
    String cells =
        run.cells().stream()
            .map(
                cell ->
                    "<figure class=\"drawing\">%s<div class=\"scroll\">%s</div></figure>\n"
                        .formatted(
                            run.cells().size() > 1
                                ? "<figcaption>" + escape(cell.name()) + " cell</figcaption>"
                                : "",
                            CellSvg.draw(cell)))
            .collect(Collectors.joining());
    return section(
        "Architecture",
        cells
            + (text.isEmpty()
                ? ""
                : "<pre class=\"genotype\"><code>" + breakable(text) + "</code></pre>"));
  }

  private String genotype() {
    return !run.contenders().isEmpty()
        ? run.contenders().getFirst().text()
        : run.search().isEmpty() ? "" : run.search().getLast().genotype();
  }

  /** Lines may break after the marks that the notations of the field put between operations. */
  private static String breakable(String genotype) {
    return escape(genotype).replace("|+|", "|+<wbr>|").replace("), (", "), <wbr>(");
  }

  String comparison() {
    if (run.contenders().isEmpty() && run.training().isEmpty()) {
      return "";
    }
    String charts =
        run.training().isEmpty()
            ? ""
            : "<div class=\"charts two\">"
                + chart("test-accuracy", "Test accuracy")
                + chart("train-loss", "Training loss")
                + "</div>";
    String table =
        run.contenders().isEmpty()
            ? ""
            : """
            <div class="scroll"><table class="contenders"><thead><tr><th>Architecture</th><th>Test accuracy</th><th>Test loss</th>\
            <th>Parameters</th><th>Multiply-adds</th><th>Training</th></tr></thead>
            %s</table></div>
            %s\
            """
                .formatted(
                    run.contenders().stream().map(this::row).collect(Collectors.joining("\n")),
                    run.contenders().size() > 1 ? ONE_TRAINING_EACH : "");
    return section("Trained from scratch", table + charts);
  }

  private String row(Contender c) {
    return """
    <tbody><tr><th scope="row"><i class="dot" style="background:var(--%s)"></i>%s</th><td data-name="Test accuracy">%s</td>\
    <td data-name="Test loss">%s</td><td data-name="Parameters">%s</td><td data-name="Multiply-adds">%s</td><td data-name="Training">%s</td></tr>
    <tr class="text"><td colspan="6"><code>%s</code></td></tr></tbody>\
    """
        .formatted(
            Chart.contenderColor(run, c.name()),
            escape(c.name()),
            percent(c.testAccuracy()),
            decimal(c.testLoss(), 4),
            grouped(c.parameters()),
            grouped(c.flops()),
            duration(c.seconds()),
            breakable(c.text()));
  }

  String search() {
    if (run.search().isEmpty()) {
      return "";
    }
    return section(
        "The search",
        "<div class=\"charts two\">"
            + chart("loss", "Loss")
            + chart("accuracy", "Accuracy")
            + chart("entropy", "Entropy of the operation weights, in nats")
            + chart("skip", "Edges led by a skip connection")
            + "</div>");
  }

  static String chart(String id, String title) {
    return "<figure class=\"chart\" data-chart=\"%s\"><figcaption>%s</figcaption></figure>\n"
        .formatted(escape(id), escape(title));
  }

  String weights() {
    if (run.search().isEmpty()) {
      return "";
    }
    SearchEpoch last = run.search().getLast();
    String cells =
        run.edges().entrySet().stream()
            .filter(cell -> last.weights().containsKey(cell.getKey()))
            .map(cell -> weights(cell.getKey(), EdgeNames.of(run, cell.getKey()), last))
            .collect(Collectors.joining());
    return cells.isEmpty()
        ? ""
        : section(
            "Operation weights", "<ul class=\"legend\" id=\"ops\">" + legend() + "</ul>" + cells);
  }

  private String legend() {
    return run.candidates().stream()
        .map(
            op ->
                "<li data-series=\"%1$s\" tabindex=\"0\"><i style=\"background:var(--%2$s)\"></i>%1$s</li>"
                    .formatted(escape(op), Palette.name(op)))
        .collect(Collectors.joining());
  }

  private String weights(String cell, List<String> edges, SearchEpoch last) {
    var small = new StringBuilder();
    var rows = new StringBuilder();
    for (int e = 0; e < edges.size(); e++) {
      int strongest = strongest(last, cell, e);
      String op = strongest < 0 ? "" : run.candidates().get(strongest);
      String lead =
          strongest < 0
              ? ""
              : "<span style=\"--c:var(--%s)\">%s</span>".formatted(Palette.name(op), escape(op));
      small.append(
          "<figure class=\"chart small\" data-chart=\"%s\"><figcaption><b>%s</b>%s</figcaption></figure>\n"
              .formatted(Chart.edgeId(run, cell, e), escape(edges.get(e)), lead));
      rows.append(heatRow(cell, edges.get(e), e, strongest, last));
    }
    String named = run.edges().size() > 1 ? escape(cell) + " cell" : "";
    String heads =
        run.candidates().stream()
            .map(op -> "<th>" + breakAtUnderscores(op) + "</th>")
            .collect(Collectors.joining());
    return """
    %s<div class="charts many %s">
    %s</div>
    <figure class="heat"><figcaption>%s after epoch %d. Bold: the strongest. Framed: part of the architecture.</figcaption>
    <div class="scroll"><table><thead><tr><th>edge</th>%s</tr></thead><tbody>
    %s</tbody></table></div></figure>
    """
        .formatted(
            named.isEmpty() ? "" : "<h3>" + named + "</h3>",
            edges.size() > 8 ? "" : "few",
            small,
            named.isEmpty() ? "Weights" : named + ": weights",
            last.epoch(),
            heads,
            rows);
  }

  private static String breakAtUnderscores(String op) {
    return escape(op).replace("_", "_<wbr>");
  }

  private int strongest(SearchEpoch epoch, String cell, int edge) {
    int best = -1;
    for (int k = 0; k < run.candidates().size(); k++) {
      double weight = Chart.weight(epoch, cell, edge, k);
      if (Double.isFinite(weight) && (best < 0 || weight > Chart.weight(epoch, cell, edge, best))) {
        best = k;
      }
    }
    return best;
  }

  private String heatRow(String cell, String label, int edge, int strongest, SearchEpoch last) {
    var row = new StringBuilder("<tr><th scope=\"row\">" + escape(label) + "</th>");
    for (int k = 0; k < run.candidates().size(); k++) {
      double weight = Chart.weight(last, cell, edge, k);
      String classes =
          (k == strongest ? "strongest " : "")
              + (chosen(cell, label, run.candidates().get(k)) ? "chosen" : "");
      int heat = Double.isFinite(weight) ? (int) Math.round(100 * Math.clamp(weight, 0, 1)) : 0;
      row.append(
          "<td class=\"%s\" style=\"--w:%d%%\">%s</td>"
              .formatted(classes.strip(), heat, decimal(weight, 3)));
    }
    return row.append("</tr>\n").toString();
  }

  /** Whether the drawn cell of that name has this operation on the edge of that name. */
  private boolean chosen(String cell, String edge, String op) {
    return EdgeNames.drawing(run, cell).stream()
        .anyMatch(
            drawn ->
                drawn.arrows().stream()
                    .anyMatch(
                        arrow ->
                            arrow.label().equals(op) && EdgeNames.of(drawn, arrow).equals(edge)));
  }

  String reproduce() {
    String facts =
        run.environment().entrySet().stream()
            .map(
                (Map.Entry<String, String> fact) ->
                    "<div><dt>%s</dt><dd>%s</dd></div>"
                        .formatted(escape(fact.getKey()), escape(fact.getValue())))
            .collect(Collectors.joining("\n"));
    String configuration =
        run.configuration().isBlank()
            ? ""
            : "<details><summary>Configuration</summary><pre><code>"
                + escape(run.configuration().strip())
                + "</code></pre></details>";
    if (facts.isEmpty() && configuration.isEmpty()) {
      return "";
    }
    return section("To reproduce it", "<dl class=\"facts\">" + facts + "</dl>" + configuration);
  }

  static String section(String title, String content) {
    return "<section>\n<h2>" + escape(title) + "</h2>\n" + content + "\n</section>\n";
  }
}
