package org.espalier.report;

import static org.espalier.report.Figures.escape;

import java.util.Formatter;
import java.util.Locale;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;

/**
 * A cell as a drawing: nodes from left to right, operations as labelled arrows in the colour of
 * their kind, {@code none} dotted and faint. The text is a well-formed SVG document that stands
 * alone or within a page; its colours follow the page's CSS variables where there are any.
 */
public final class CellSvg {
  private static final String INK = "var(--ink,#1d2530)";
  private static final String MUTED = "var(--muted,#66707c)";
  private static final String PAPER = "var(--card,#ffffff)";
  private static final String MONO =
      "ui-monospace,SFMono-Regular,Menlo,Consolas,&quot;DejaVu Sans Mono&quot;,monospace";
  private static final double ARROW = 8;

  /**
   * On a telephone a cell is scrolled rather than shrunk beyond reading; a small one is not blown
   * up to a wide page.
   */
  private static final double SMALLEST = 0.72;

  private static final double LARGEST = 1.35;

  private final CellGraph cell;
  private final CellLayout layout;
  private final Formatter svg = new Formatter(Locale.ROOT);

  private CellSvg(CellGraph cell) {
    this.cell = cell;
    this.layout = CellLayout.of(cell);
  }

  /** The drawing, an {@code <svg>} element. */
  public static String draw(CellGraph cell) {
    return new CellSvg(cell).draw();
  }

  private String draw() {
    svg.format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cell\" role=\"img\" viewBox=\"0 0 %.1f"
            + " %.1f\" width=\"%.0f\" height=\"%.0f\" style=\"min-width:%.0fpx;max-width:%.0fpx\""
            + " font-family=\"%s\">\n",
        layout.width(),
        layout.height(),
        layout.width(),
        layout.height(),
        layout.width() * SMALLEST,
        layout.width() * LARGEST,
        MONO);
    svg.format("<title>%s</title>\n", escape("Cell: " + cell.name()));
    passes();
    layout.arcs().forEach(this::line);
    nodes();
    layout.arcs().forEach(this::label);
    return svg.format("</svg>").toString();
  }

  private void line(CellLayout.Arc arc) {
    boolean none = arc.arrow().label().equals("none");
    String colour = Palette.css(arc.arrow().label());
    svg.format(
        "<g class=\"arrow\"%s><title>%s</title>",
        none ? " opacity=\"0.75\"" : "", escape(sentence(arc.arrow())));
    svg.format(
        "<path d=\"%s\" style=\"fill:none;stroke:%s\" stroke-width=\"%s\""
            + " stroke-linecap=\"round\"%s/>",
        path(arc), colour, none ? "1.4" : "2.2", none ? " stroke-dasharray=\"1.5 5\"" : "");
    int sign = Integer.signum(arc.lane());
    if (sign == 0) {
      head(arc.end(), layout.axis(), 1, 0, colour);
    } else {
      head(arc.end(), layout.axis() - sign * CellLayout.NODE_HALF_HEIGHT, 0, sign, colour);
    }
    svg.format("</g>\n");
  }

  private String sentence(Arrow arrow) {
    return cell.nodes().get(arrow.from())
        + " → "
        + cell.nodes().get(arrow.to())
        + ": "
        + arrow.label();
  }

  private String path(CellLayout.Arc arc) {
    int sign = Integer.signum(arc.lane());
    if (sign == 0) {
      return String.format(
          Locale.ROOT, "M%.1f %.1fH%.1f", arc.start(), arc.top(), arc.end() - ARROW + 1);
    }
    double foot = layout.axis() - sign * CellLayout.NODE_HALF_HEIGHT;
    return String.format(
        Locale.ROOT,
        "M%.1f %.1fQ%.1f %.1f %.1f %.1fH%.1fQ%.1f %.1f %.1f %.1f",
        arc.start(),
        foot,
        arc.start(),
        arc.top(),
        arc.start() + arc.bend(),
        arc.top(),
        arc.end() - arc.bend(),
        arc.end(),
        arc.top(),
        arc.end(),
        foot - sign * (ARROW - 1));
  }

  /** An arrow head with its tip at (x, y), pointing along (dx, dy). */
  private void head(double x, double y, int dx, int dy, String colour) {
    double backX = x - dx * ARROW;
    double backY = y - dy * ARROW;
    double half = ARROW * 0.45;
    svg.format(
        "<path d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\" style=\"fill:%s\"/>",
        x, y, backX - dy * half, backY - dx * half, backX + dy * half, backY + dx * half, colour);
  }

  private void nodes() {
    for (int n = 0; n < layout.nodes().size(); n++) {
      CellLayout.Box box = layout.nodes().get(n);
      boolean end = isInput(n) || n == layout.nodes().size() - 1;
      svg.format(
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"9\""
              + " style=\"fill:%s;stroke:%s\" stroke-width=\"1.3\"/>",
          box.x() - box.halfWidth(),
          box.y() - box.halfHeight(),
          2 * box.halfWidth(),
          2 * box.halfHeight(),
          end ? "var(--node-end,#e6eee2)" : "var(--node,#f2f4f6)",
          end ? "var(--accent,#3f7d3a)" : MUTED);
      text(cell.nodes().get(n), box.x(), box.y(), 12, "600");
    }
  }

  private boolean isInput(int node) {
    return cell.arrows().stream().noneMatch(a -> a.to() == node);
  }

  private void label(CellLayout.Arc arc) {
    CellLayout.Box box = arc.label();
    boolean none = arc.arrow().label().equals("none");
    String colour = Palette.css(arc.arrow().label());
    String shape =
        String.format(
            Locale.ROOT,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" ",
            box.x() - box.halfWidth(),
            box.y() - box.halfHeight(),
            2 * box.halfWidth(),
            2 * box.halfHeight(),
            box.halfHeight());
    svg.format("%sstyle=\"fill:%s\"/>", shape, PAPER);
    svg.format(
        "%sstyle=\"fill:%s;stroke:%s\" fill-opacity=\"0.11\" stroke-width=\"1.2\"%s/>",
        shape, colour, colour, none ? " stroke-dasharray=\"1.5 3\"" : "");
    text(arc.arrow().label(), box.x(), box.y(), 11.3, none ? "400" : "500");
  }

  private void text(String text, double x, double y, double size, String weight) {
    svg.format(
        "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" font-weight=\"%s\" text-anchor=\"middle\""
            + " style=\"fill:%s\">%s</text>\n",
        x, y + size * 0.34, size, weight, text.equals("none") ? MUTED : INK, escape(text));
  }

  /**
   * Unlabelled arrows drop to a common line below everything and rise from it into their target.
   */
  private void passes() {
    for (Arrow pass : layout.passes()) {
      double x0 = layout.nodes().get(pass.from()).x();
      double x1 = layout.nodes().get(pass.to()).x();
      double foot = layout.axis() + CellLayout.NODE_HALF_HEIGHT;
      double r = Math.min(10, (layout.bus() - foot) / 2);
      svg.format(
          "<path d=\"M%.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1f\""
              + " style=\"fill:none;stroke:%s\" stroke-width=\"1.1\" opacity=\"0.55\"/>\n",
          x0,
          foot,
          layout.bus() - r,
          x0,
          layout.bus(),
          x0 + r,
          layout.bus(),
          x1 - r,
          x1,
          layout.bus(),
          x1,
          layout.bus() - r,
          foot + ARROW - 1,
          MUTED);
      head(x1, foot, 0, -1, MUTED);
    }
  }
}
