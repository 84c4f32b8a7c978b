package org.espalier.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.checkpoint.AtomicFile;

/**
 * A run as one HTML page that needs nothing else: style, script and data are inside it, and its
 * content policy forbids the browser to load anything. Text, tables and cells are there without
 * JavaScript; the plots are drawn by <a href="https://d3js.org">D3</a> as SVG, so that they follow
 * the page's colours and print sharply.
 */
public final class HtmlReport {
  private static final Pattern PART = Pattern.compile("\\{\\{([a-z0-9]+)}}");

  private HtmlReport() {}

  /**
   * Writes the page of a run, whole or not at all: to a temporary file beside it first. A run that
   * has not got far is a shorter page.
   *
   * @throws org.espalier.InputException if the file cannot be written
   */
  public static void write(RunRecord run, Path file) {
    AtomicFile.write(file, page(run));
  }

  static String page(RunRecord run) {
    var sections = new Sections(run);
    return render(
        Map.ofEntries(
            Map.entry("kind", "search report"),
            Map.entry("title", Figures.escape(run.title())),
            Map.entry("about", sections.about()),
            Map.entry("verdict", sections.verdict()),
            Map.entry("warnings", sections.warnings()),
            Map.entry("figures", sections.figures()),
            Map.entry("architecture", sections.architecture()),
            Map.entry("comparison", sections.comparison()),
            Map.entry("search", sections.search() + OneShotSection.html(run)),
            Map.entry("weights", sections.weights()),
            Map.entry("reproduce", sections.reproduce()),
            Map.entry("numbers", "their numbers are also in metrics.jsonl beside this page"),
            Map.entry("data", Chart.json(Chart.of(run)))));
  }

  /** The page of these parts; those that are not given are left out. */
  static String render(Map<String, String> given) {
    var parts = new HashMap<>(given);
    parts.put("css", own("report.css"));
    parts.put("d3", d3());
    parts.put("js", own("report.js"));
    // One pass: what goes into the page is not looked at for parts again.
    return PART.matcher(own("report.html"))
        .replaceAll(m -> Matcher.quoteReplacement(parts.getOrDefault(m.group(1), "")));
  }

  private static String own(String name) {
    return resource("/org/espalier/report/" + name);
  }

  /** The library with its licence, which asks to travel along. */
  private static String d3() {
    var coordinates = new Properties();
    try {
      coordinates.load(
          new StringReader(resource("/META-INF/maven/org.webjars.npm/d3/pom.properties")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String folder = "/META-INF/resources/webjars/d3/" + coordinates.getProperty("version") + "/";
    return "/*\n" + resource(folder + "LICENSE") + "*/\n" + resource(folder + "dist/d3.min.js");
  }

  private static String resource(String path) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("resource " + path + " is missing from the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
