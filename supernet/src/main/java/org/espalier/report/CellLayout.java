package org.espalier.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;

/**
 * Where the parts of a drawn cell lie. The nodes stand on one line, in order. An operation between
 * neighbours is a straight arrow; all others are arcs in lanes above and below the line, the
 * shorter ones inside. Two arcs share a lane only where their spans are disjoint, and a label never
 * leaves the span of its arc: so labels cannot overlap. Sides are chosen for the fewest crossings.
 *
 * @param axis height of the line of nodes
 * @param bus height at which the unlabelled arrows run
 */
record CellLayout(
    double width,
    double height,
    double axis,
    double bus,
    List<Box> nodes,
    List<Arc> arcs,
    List<Arrow> passes) {
  static final double GLYPH = 6.9;
  static final double NODE_HALF_HEIGHT = 16;
  static final double PILL_HALF_HEIGHT = 10.5;
  private static final double FIRST_LANE = 44;
  private static final double PITCH = 34;
  private static final double PORT = 6;
  private static final double PORT_STEP = 9;
  private static final double MARGIN = 6;
  private static final double GAP = 58;
  private static final int MOST_ARCS_TRIED_ON_ALL_SIDES = 12;

  /** A rectangle by its centre and half sizes. */
  record Box(double x, double y, double halfWidth, double halfHeight) {
    boolean overlaps(Box other) {
      return Math.abs(x - other.x) < halfWidth + other.halfWidth
          && Math.abs(y - other.y) < halfHeight + other.halfHeight;
    }

    /** With a little air around it. */
    boolean holds(Point p) {
      return Math.abs(x - p.x) < halfWidth + 4 && Math.abs(y - p.y) < halfHeight + 4;
    }
  }

  record Point(double x, double y) {}

  /**
   * A labelled arrow.
   *
   * @param lane 0 is the line itself, positive is above it
   * @param start horizontal place where it leaves its node
   * @param end horizontal place where it reaches the other
   * @param top height of its flat part
   * @param bend how far its quarter turns reach
   */
  record Arc(Arrow arrow, int lane, double start, double end, double top, double bend, Box label) {}

  static CellLayout of(CellGraph cell) {
    return new Planner(cell).plan();
  }

  /** Half the width of a label of so many characters, in the monospaced font of the drawing. */
  private static double halfPill(String label) {
    return label.length() * GLYPH / 2 + 8;
  }

  private static final class Planner {
    private final CellGraph cell;
    private final List<Arrow> straight = new ArrayList<>();
    private final List<Arrow> arched = new ArrayList<>();
    private final List<Arrow> passes = new ArrayList<>();

    Planner(CellGraph cell) {
      this.cell = cell;
      for (Arrow arrow : cell.arrows()) {
        if (arrow.label().isEmpty()) {
          passes.add(arrow);
        } else if (arrow.to() == arrow.from() + 1
            && straight.stream().noneMatch(s -> s.from() == arrow.from())) {
          straight.add(arrow);
        } else {
          arched.add(arrow);
        }
      }
      arched.sort(
          Comparator.comparingInt((Arrow a) -> a.to() - a.from()).thenComparingInt(Arrow::from));
    }

    CellLayout plan() {
      int[] lanes = lanes(bestSides());
      double[] halves = nodeHalves(lanes);
      double[] centres = centres(halves, lanes);
      int above = 0;
      int below = 0;
      for (int lane : lanes) {
        above = Math.max(above, lane);
        below = Math.max(below, -lane);
      }
      double axis = MARGIN + reach(above);
      double bus = axis + reach(below) + (below == 0 ? 14 : 12);
      double height = passes.isEmpty() ? axis + reach(below) + MARGIN : bus + 14;
      List<Box> nodes = new ArrayList<>();
      for (int n = 0; n < centres.length; n++) {
        nodes.add(new Box(centres[n], axis, halves[n], NODE_HALF_HEIGHT));
      }
      int last = centres.length - 1;
      double width = centres[last] + halves[last] + MARGIN;
      return new CellLayout(
          width, height, axis, bus, nodes, arcs(lanes, nodes, axis), List.copyOf(passes));
    }

    private static double reach(int lanes) {
      return lanes == 0 ? NODE_HALF_HEIGHT : FIRST_LANE + (lanes - 1) * PITCH + PILL_HALF_HEIGHT;
    }

    /**
     * For each arc whether it goes below: the assignment with the fewest crossings, then the
     * flattest.
     */
    private boolean[] bestSides() {
      int n = arched.size();
      var sides = new boolean[n];
      if (n > MOST_ARCS_TRIED_ON_ALL_SIDES) {
        for (int i = 0; i < n; i++) {
          sides[i] = arched.get(i).from() % 2 == 1;
        }
        return sides;
      }
      double best = Double.POSITIVE_INFINITY;
      for (int mask = 0; mask < 1 << n; mask++) {
        var candidate = new boolean[n];
        for (int i = 0; i < n; i++) {
          candidate[i] = (mask >> i & 1) == 1;
        }
        double cost = cost(candidate);
        if (cost < best) {
          best = cost;
          sides = candidate;
        }
      }
      return sides;
    }

    private double cost(boolean[] sides) {
      double cost = 0;
      for (int i = 0; i < sides.length; i++) {
        Arrow a = arched.get(i);
        for (int j = 0; j < i; j++) {
          cost += sides[i] == sides[j] && cross(a, arched.get(j)) ? 3 : 0;
        }
        for (Arrow pass : passes) {
          cost += sides[i] && a.from() < pass.from() && pass.from() < a.to() ? 0.4 : 0;
        }
      }
      int above = 0;
      int below = 0;
      for (int lane : lanes(sides)) {
        above = Math.max(above, lane);
        below = Math.max(below, -lane);
      }
      return cost + above + below + 0.3 * Math.abs(above - below);
    }

    private static boolean cross(Arrow a, Arrow b) {
      Arrow first = a.from() < b.from() ? a : b;
      Arrow second = a.from() < b.from() ? b : a;
      return first.from() < second.from() && second.from() < first.to() && first.to() < second.to();
    }

    /** The arcs are sorted by span, so what is inside has its lane before what is outside. */
    private int[] lanes(boolean[] below) {
      var lanes = new int[below.length];
      for (int i = 0; i < lanes.length; i++) {
        Arrow a = arched.get(i);
        int lane = 1;
        for (int j = 0; j < i; j++) {
          Arrow b = arched.get(j);
          if (below[i] == below[j] && Math.max(a.from(), b.from()) < Math.min(a.to(), b.to())) {
            lane = Math.max(lane, Math.abs(lanes[j]) + 1);
          }
        }
        lanes[i] = below[i] ? -lane : lane;
      }
      return lanes;
    }

    /**
     * How far from its node's centre an arc leaves or arrives: the outer arcs nearer to the centre,
     * so none cross.
     */
    private double port(int arc, int[] lanes, boolean leaving) {
      int outer = 0;
      for (int other = 0; other < lanes.length; other++) {
        boolean sameEnd =
            leaving
                ? arched.get(other).from() == arched.get(arc).from()
                : arched.get(other).to() == arched.get(arc).to();
        if (sameEnd
            && lanes[other] * lanes[arc] > 0
            && Math.abs(lanes[other]) > Math.abs(lanes[arc])) {
          outer++;
        }
      }
      return PORT + PORT_STEP * outer;
    }

    private double[] nodeHalves(int[] lanes) {
      var halves = new double[cell.nodes().size()];
      for (int n = 0; n < halves.length; n++) {
        halves[n] = Math.max(20, cell.nodes().get(n).length() * 7.4 / 2 + 9);
      }
      for (int i = 0; i < lanes.length; i++) {
        Arrow a = arched.get(i);
        halves[a.from()] = Math.max(halves[a.from()], port(i, lanes, true) + 8);
        halves[a.to()] = Math.max(halves[a.to()], port(i, lanes, false) + 8);
      }
      return halves;
    }

    private double[] centres(double[] halves, int[] lanes) {
      var gaps = new double[halves.length];
      Arrays.fill(gaps, GAP);
      for (Arrow a : straight) {
        gaps[a.from()] = 2 * halfPill(a.label()) + 52;
      }
      var centres = new double[halves.length];
      stand(centres, halves, gaps);
      for (int i = 0; i < lanes.length; i++) {
        Arrow a = arched.get(i);
        double wanted = 2 * halfPill(a.label()) + port(i, lanes, true) + port(i, lanes, false) + 12;
        double missing = wanted - (centres[a.to()] - centres[a.from()]);
        if (missing > 0) {
          for (int gap = a.from(); gap < a.to(); gap++) {
            gaps[gap] += missing / (a.to() - a.from());
          }
          stand(centres, halves, gaps);
        }
      }
      return centres;
    }

    private static void stand(double[] centres, double[] halves, double[] gaps) {
      centres[0] = MARGIN + halves[0];
      for (int n = 1; n < centres.length; n++) {
        centres[n] = centres[n - 1] + halves[n - 1] + gaps[n - 1] + halves[n];
      }
    }

    private List<Arc> arcs(int[] lanes, List<Box> nodes, double axis) {
      List<Arc> arcs = new ArrayList<>();
      for (Arrow a : straight) {
        double start = nodes.get(a.from()).x + nodes.get(a.from()).halfWidth;
        double end = nodes.get(a.to()).x - nodes.get(a.to()).halfWidth;
        arcs.add(new Arc(a, 0, start, end, axis, 0, pill(a, (start + end) / 2 - 3, axis)));
      }
      int firstArched = arcs.size();
      for (int i = 0; i < lanes.length; i++) {
        Arrow a = arched.get(i);
        double start = nodes.get(a.from()).x + port(i, lanes, true);
        double end = nodes.get(a.to()).x - port(i, lanes, false);
        int lane = Math.abs(lanes[i]);
        double top = axis - Integer.signum(lanes[i]) * (FIRST_LANE + (lane - 1) * PITCH);
        double bend = Math.min((end - start) / 2, 30 + 16 * (lane - 1));
        arcs.add(new Arc(a, lanes[i], start, end, top, bend, pill(a, (start + end) / 2, top)));
      }
      for (int i = firstArched; i < arcs.size(); i++) {
        arcs.set(i, withFreeLabel(i, arcs, nodes));
      }
      return List.copyOf(arcs);
    }

    private static Box pill(Arrow arrow, double x, double y) {
      return new Box(x, y, halfPill(arrow.label()), PILL_HALF_HEIGHT);
    }

    /**
     * Slides the label along its arc to where the fewest other lines pass under it, and there
     * nearest to the middle.
     */
    private Arc withFreeLabel(int index, List<Arc> arcs, List<Box> nodes) {
      Arc arc = arcs.get(index);
      List<List<Point>> others = new ArrayList<>();
      for (int other = 0; other < arcs.size(); other++) {
        if (other != index) {
          others.add(path(arcs.get(other)));
        }
      }
      double middle = (arc.start + arc.end) / 2;
      double room = (arc.end - arc.start) / 2 - arc.label.halfWidth;
      Box best = arc.label;
      double least = Double.POSITIVE_INFINITY;
      for (double shift = -room; shift <= room; shift += 3) {
        Box box = pill(arc.arrow, middle + shift, arc.top);
        double cost = Math.abs(shift) / 40 + 3 * Math.max(0, Math.abs(shift) - room + 8) / 8;
        cost += 20 * others.stream().filter(path -> path.stream().anyMatch(box::holds)).count();
        cost +=
            6
                * passes.stream()
                    .filter(pass -> arc.lane < 0 && under(nodes.get(pass.from()), box))
                    .count();
        if (cost < least) {
          least = cost;
          best = box;
        }
      }
      return new Arc(arc.arrow, arc.lane, arc.start, arc.end, arc.top, arc.bend, best);
    }

    private static boolean under(Box node, Box label) {
      return Math.abs(node.x - label.x) < label.halfWidth + 3;
    }

    /** Points along an arc's two turns and its flat part. */
    private static List<Point> path(Arc arc) {
      List<Point> points = new ArrayList<>();
      double rise = FIRST_LANE + (Math.abs(arc.lane) - 1) * PITCH - NODE_HALF_HEIGHT;
      double foot = arc.top + Math.signum(arc.lane) * rise;
      for (int step = 0; arc.lane != 0 && step <= 24; step++) {
        double t = step / 24.0; // the turns are quadratic curves
        double across = arc.bend * t * t;
        double y = foot + (arc.top - foot) * t * (2 - t);
        points.add(new Point(arc.start + across, y));
        points.add(new Point(arc.end - across, y));
      }
      for (double x = arc.start + arc.bend; x <= arc.end - arc.bend; x += 4) {
        points.add(new Point(x, arc.top));
      }
      return points;
    }
  }
}
