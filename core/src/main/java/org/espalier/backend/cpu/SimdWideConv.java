package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;

/** Convolutions as products of the image's own pixels, kernel position by kernel position. */
final class SimdWideConv implements SimdWide {
  private static final int LANES = SimdBlock.LANES;

  private final SimdArms arms;
  private final Conv conv;
  private final SimdFrame upstream;
  private final int columns;
  private final int width;
  private final SimdFrame input;
  private final SimdPanels forwardPanels;
  private final SimdPanels backwardPanels;
  private final SimdConvPlan backwardPlan;
  private final List<SimdProduct> forward = new ArrayList<>();
  private final List<SimdProduct> backward = new ArrayList<>();
  private final List<SimdProduct> weight = new ArrayList<>();

  /** Rows of the weight's gradient: groups of kernel positions that lie side by side. */
  private final int weightGroups;

  private final int weightRows;

  /** Blocks write whole; the rows beyond hold nothing of use. */
  private final int paddedWeightRows;

  /**
   * Plans them.
   *
   * @param input the framed input that all arms read
   */
  SimdWideConv(SimdArms arms, SimdFrame input) {
    this.arms = arms;
    this.input = input;
    conv = arms.conv();
    columns = arms.columns();
    forwardPanels = SimdPanels.of(columns);
    backwardPanels = SimdPanels.of(conv.in());
    width = forwardPanels.width();
    backwardPlan = SimdConvPlan.gradInput(conv);
    upstream = upstream(conv, columns, backwardPlan, input);
    gather(SimdConvPlan.forward(conv), input, forwardPanels, forward);
    gather(backwardPlan, upstream, backwardPanels, backward);
    boolean joined = conv.dilation() == 1;
    weightGroups = joined ? conv.kh() : conv.kh() * conv.kw();
    weightRows = (joined ? conv.kw() : 1) * conv.in();
    paddedWeightRows =
        Arrays.stream(forwardPanels.vectors())
            .map(vectors -> SimdBlock.rowsOfSum(weightRows, vectors))
            .map(rows -> (weightRows + rows - 1) / rows * rows)
            .max()
            .orElseThrow();
    weight();
  }

  /**
   * The frame of the gradient: what its own kernel wants, and at stride 1 the input's columns, so
   * that the pixels of both lie alike.
   */
  private static SimdFrame upstream(
      Conv conv, int columns, SimdConvPlan backward, SimdFrame input) {
    int h = conv.outH();
    int w = conv.outW();
    SimdFrame own = SimdConvPlan.frame(h, w, columns, List.of(backward));
    int right = own.framedW() - own.left();
    boolean within = own.left() <= input.left() && right <= input.framedW() - input.left();
    return conv.stride() == 1 && w == input.w() && within
        ? new SimdFrame(h, w, columns, own.top(), input.left(), own.framedH(), input.framedW())
        : own;
  }

  /** The products of a plan that reads {@code frame} and writes rows of whole panels. */
  private static void gather(
      SimdConvPlan plan, SimdFrame frame, SimdPanels panels, List<SimdProduct> products) {
    int startB = 0;
    for (SimdConvPlan.Part part : plan.parts()) {
      int rowA = part.x().step() * frame.c();
      int rowC = part.x().stride() * panels.width();
      int depth = depth(part, frame.c());
      int column = 0;
      for (int vectors : panels.vectors()) {
        boolean flat = vectors == 3;
        int panel = vectors * LANES;
        int rows = SimdBlock.even(line(part, frame), SimdBlock.rows(vectors, false));
        SimdBlock kernel =
            new SimdBlock(
                new SimdBlock.Form(false, rows, vectors, flat, 0),
                new SimdBlock.Strides(rowA, 1, panel));
        int[] blocks = blocks(part, frame, plan.targetW(), panels.width(), rows);
        int[] runs = runs(part, frame, panel, flat);
        products.add(new SimdProduct(kernel, blocks, runs, startB + column * depth, column, rowC));
        column += panel;
      }
      startB += depth * panels.width();
    }
  }

  private static int depth(SimdConvPlan.Part part, int channels) {
    return part.y().taps().size() * part.x().taps().size() * channels;
  }

  /** Whether the target's lines lie end to end in the source too, so that they are one. */
  private static boolean oneLine(SimdConvPlan.Part part, SimdFrame frame) {
    SimdConvPlan.Axis x = part.x();
    SimdConvPlan.Axis y = part.y();
    return frame.framedW() == x.count() && x.step() == 1 && y.step() == 1 && x.stride() == 1;
  }

  private static int line(SimdConvPlan.Part part, SimdFrame frame) {
    return oneLine(part, frame) ? part.y().count() * part.x().count() : part.x().count();
  }

  /**
   * Blocks of pixels, line by line. Where the last of a line would reach beyond it, it starts
   * earlier and computes some pixels again.
   */
  private static int[] blocks(
      SimdConvPlan.Part part, SimdFrame frame, int targetW, int pitch, int rows) {
    SimdConvPlan.Axis y = part.y();
    SimdConvPlan.Axis x = part.x();
    int line = line(part, frame);
    int lines = y.count() * x.count() / line;
    int perLine = (line + rows - 1) / rows;
    int[] blocks = new int[2 * lines * perLine];
    int at = 0;
    for (int qy = 0; qy < lines; qy++) {
      for (int block = 0; block < perLine; block++) {
        int qx = Math.min(block * rows, line - rows);
        blocks[at++] = qy * y.step() * frame.rowSize() + qx * x.step() * frame.c();
        blocks[at++] =
            ((y.first() + qy * y.stride()) * targetW + x.first() + qx * x.stride()) * pitch;
      }
    }
    return blocks;
  }

  /**
   * A run for each kernel position, those that are neighbours in a row being one; flat, a place for
   * each product.
   */
  private static int[] runs(SimdConvPlan.Part part, SimdFrame frame, int panel, boolean flat) {
    List<SimdConvPlan.Tap> xs = part.x().taps();
    int[] runs = new int[(flat ? 1 : 3) * depth(part, frame.c())];
    boolean joined = part.x().contiguous();
    int count = (joined ? xs.size() : 1) * frame.c();
    int at = 0;
    int product = 0;
    for (SimdConvPlan.Tap y : part.y().taps()) {
      for (int i = 0; i < (joined ? 1 : xs.size()); i++) {
        int from = frame.origin() + y.offset() * frame.rowSize() + xs.get(i).offset() * frame.c();
        if (flat) {
          for (int channel = 0; channel < count; channel++) {
            runs[at++] = from + channel;
          }
        } else {
          runs[at++] = from;
          runs[at++] = product * panel;
          runs[at++] = count;
        }
        product += count;
      }
    }
    return Arrays.copyOf(runs, at);
  }

  /**
   * The products of the gradient of the weight: a row for each kernel position and input channel.
   * Where both frames have rows of one length, a single run passes over all of them: what it meets
   * between the lines is the border, which is zero.
   */
  private void weight() {
    int first = input.origin() - conv.before() * (input.rowSize() + input.c());
    boolean oneRun = conv.stride() == 1 && input.framedW() == upstream.framedW();
    int[] runs = new int[oneRun ? 3 : 3 * conv.outH()];
    for (int y = 0; y < runs.length / 3; y++) {
      runs[3 * y] = first + y * conv.stride() * input.rowSize();
      runs[3 * y + 1] = upstream.origin() + y * upstream.rowSize();
      runs[3 * y + 2] = oneRun ? (conv.outH() - 1) * upstream.framedW() + conv.outW() : conv.outW();
    }
    int column = 0;
    for (int vectors : forwardPanels.vectors()) {
      int rows = SimdBlock.rowsOfSum(weightRows, vectors);
      int stepA = conv.stride() * input.c();
      SimdBlock kernel =
          new SimdBlock(
              new SimdBlock.Form(true, rows, vectors, false, 0),
              new SimdBlock.Strides(1, stepA, columns));
      weight.add(new SimdProduct(kernel, weightBlocks(rows), runs, column, column, width));
      column += vectors * LANES;
    }
  }

  private int[] weightBlocks(int rows) {
    int perGroup = (weightRows + rows - 1) / rows;
    int[] blocks = new int[2 * weightGroups * perGroup];
    for (int b = 0; b < weightGroups * perGroup; b++) {
      int group = b / perGroup;
      int ky = conv.dilation() == 1 ? group : group / conv.kw();
      int kx = conv.dilation() == 1 ? 0 : group % conv.kw();
      int row = b % perGroup * rows;
      blocks[2 * b] = conv.dilation() * (ky * input.rowSize() + kx * input.c()) + row;
      blocks[2 * b + 1] = (group * paddedWeightRows + row) * width;
    }
    return blocks;
  }

  @Override
  public SimdArms arms() {
    return arms;
  }

  @Override
  public int images() {
    return 1;
  }

  @Override
  public int width() {
    return width;
  }

  /** The result of a single arm that fills its vectors can be written where it belongs. */
  @Override
  public boolean direct() {
    return arms.alone();
  }

  @Override
  public SimdFrame upstream() {
    return upstream;
  }

  @Override
  public int slackInput() {
    return paddedWeightRows - weightRows;
  }

  @Override
  public int packedForward() {
    return conv.kh() * conv.kw() * conv.in() * width;
  }

  @Override
  public int packedBackward() {
    return conv.kh() * conv.kw() * columns * backwardPanels.width();
  }

  @Override
  public int sumSize() {
    return weightGroups * paddedWeightRows * width;
  }

  @Override
  public void forward(Scratch scratch, CpuBuffer x, float[] packed, int atPacked, CpuBuffer[] y) {
    for (SimdProduct product : forward) {
      product.run(x.data(), x.offset(), packed, atPacked, y[0].data(), y[0].offset());
    }
  }

  @Override
  public void gradInput(
      Scratch scratch, CpuBuffer dy, float[] packed, int atPacked, float[] dx, int atDx) {
    for (SimdProduct product : backward) {
      product.run(dy.data(), dy.offset(), packed, atPacked, dx, atDx);
    }
  }

  @Override
  public void gradWeight(Scratch scratch, CpuBuffer x, CpuBuffer dy, float[] dw, int atDw) {
    for (SimdProduct product : weight) {
      product.run(x.data(), x.offset(), dy.data(), dy.offset(), dw, atDw);
    }
  }

  /** Side by side. */
  @Override
  public void packForward(Workers workers, Fan fan, float[] packed, int at) {
    int depth = conv.kh() * conv.kw() * conv.in();
    workers.ranges(
        depth,
        grain(),
        (from, to, worker) -> {
          for (int row = from; row < to; row++) {
            for (int arm = 0; arm < arms.arms().length; arm++) {
              CpuBuffer w = CpuBuffer.of(fan.arms().get(arms.arms()[arm]).w());
              int source = w.offset() + row * arms.outs()[arm];
              forwardPanels.pack(
                  w.data(),
                  source,
                  1,
                  arms.starts()[arm],
                  arms.outs()[arm],
                  packed,
                  at,
                  depth,
                  row);
            }
            forwardPanels.clear(packed, at, depth, row);
          }
        });
  }

  /** Transposed, tap by tap. */
  @Override
  public void packBackward(Workers workers, Fan fan, float[] packed, int at) {
    int start = at;
    for (SimdConvPlan.Part part : backwardPlan.parts()) {
      int depth = depth(part, columns);
      int row = 0;
      for (SimdConvPlan.Tap y : part.y().taps()) {
        for (SimdConvPlan.Tap x : part.x().taps()) {
          int position = y.kernel() * conv.kw() + x.kernel();
          packBackward(workers, fan, position, packed, start, depth, row);
          row += columns;
        }
      }
      start += depth * backwardPanels.width();
    }
  }

  private void packBackward(
      Workers workers, Fan fan, int position, float[] packed, int at, int depth, int row) {
    workers.ranges(
        columns,
        grain(),
        (from, to, worker) -> {
          for (int arm = 0; arm < arms.arms().length; arm++) {
            CpuBuffer w = CpuBuffer.of(fan.arms().get(arms.arms()[arm]).w());
            int out = arms.outs()[arm];
            int first = Math.max(from, arms.starts()[arm]);
            int last = Math.min(to, arms.starts()[arm] + out);
            for (int column = first; column < last; column++) {
              int source = w.offset() + position * conv.in() * out + column - arms.starts()[arm];
              backwardPanels.pack(
                  w.data(), source, out, 0, conv.in(), packed, at, depth, row + column);
              backwardPanels.clear(packed, at, depth, row + column);
            }
          }
        });
  }

  private int grain() {
    return Math.max(1, 8192 / Math.max(width, backwardPanels.width()));
  }

  @Override
  public void share(float[] sums, int at, float[] dw, int atDw) {
    for (int group = 0; group < weightGroups; group++) {
      int from = at + group * paddedWeightRows * width;
      System.arraycopy(sums, from, dw, atDw + group * weightRows * width, weightRows * width);
    }
  }
}
