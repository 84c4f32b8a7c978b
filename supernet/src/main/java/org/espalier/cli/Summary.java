package org.espalier.cli;

import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.espalier.report.CellText;
import org.espalier.report.Contender;
import org.espalier.report.RunRecord;
import org.espalier.space.CellGraph;
import org.espalier.space.Spaces;

/** What a run ends with. */
final class Summary {
  private Summary() {}

  static String ofSearch(RunRecord run, Path folder, Charset charset) {
    Contender found = run.contenders().getFirst();
    StringBuilder text = new StringBuilder(architecture(found, run.cells(), charset));
    text.append(comparison(run.contenders())).append('\n');
    run.warnings().forEach(warning -> text.append("warning: ").append(warning).append('\n'));
    return text.append(new Table("ll").row("report", folder.resolve("report.html").toString()))
        .toString();
  }

  static String ofTraining(Contender trained, Path folder, Charset charset) {
    return architecture(
            trained, Spaces.of(trained.genotype().space()).draw(trained.genotype()), charset)
        + comparison(List.of(trained))
        + "\n"
        + new Table("ll").row("folder", folder.toString());
  }

  private static String architecture(Contender contender, List<CellGraph> cells, Charset charset) {
    return contender.text() + "\n\n" + CellText.draw(cells, charset) + "\n";
  }

  private static Table comparison(List<Contender> contenders) {
    Table table = new Table("lrrrr").row("", "test accuracy", "parameters", "FLOPs", "training");
    contenders.forEach(
        c ->
            table.row(
                c.name(),
                String.format(Locale.ROOT, "%.2f %%", 100 * c.testAccuracy()),
                String.format(Locale.ROOT, "%,d", c.parameters()),
                String.format(Locale.ROOT, "%,d", c.flops()),
                String.format(Locale.ROOT, "%.1f s", c.seconds())));
    return table;
  }
}
