package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;

/**
 * 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): {@link SimdTiles} in place of pixels need
 * 36 multiplications for 16 results where 144 were needed.
 */
final class SimdWinograd implements SimdWide {
  private static final int LANES = SimdBlock.LANES;
  private static final int PLACES = SimdTiles.PLACES;

  /** Half a vector is enough to gain by tiles: see bench/RESULTS.md. */
  private static final int LEAST_CHANNELS = 8;

  private static final int LEAST_SIZE = 4;

  private final SimdArms arms;
  private final SimdFrame input;
  private final SimdFrame upstream;
  private final SimdTiles tiles;
  private final SimdPanels forwardPanels;
  private final SimdPanels backwardPanels;
  private final SimdProduct[] forward;
  private final SimdProduct[] backward;
  private final SimdProduct[] weight;
  private final int weightRows;

  /**
   * Plans them.
   *
   * @param input the framed input that all arms read, see {@link #cover}
   */
  SimdWinograd(SimdArms arms, SimdFrame input) {
    Conv conv = arms.conv();
    this.arms = arms;
    this.input = input;
    upstream =
        cover(
            conv,
            SimdConvPlan.frame(
                conv.h(), conv.w(), arms.columns(), List.of(SimdConvPlan.gradInput(conv))));
    tiles = SimdTiles.of(conv);
    forwardPanels = SimdPanels.of(arms.columns());
    backwardPanels = SimdPanels.of(conv.in());
    forward = products(conv.in(), forwardPanels);
    backward = products(arms.columns(), backwardPanels);
    weight = new SimdProduct[forwardPanels.vectors().length];
    weightRows = weight(conv.in());
  }

  static boolean serves(Conv conv) {
    return conv.kh() == 3
        && conv.kw() == 3
        && conv.stride() == 1
        && conv.pad() == 1
        && conv.shift() == 0
        && conv.dilation() == 1
        && conv.in() >= LEAST_CHANNELS
        && Math.min(conv.h(), conv.w()) >= LEAST_SIZE;
  }

  /** The frame, large enough for tiles that reach beyond an odd height or width. */
  static SimdFrame cover(Conv conv, SimdFrame frame) {
    return SimdTiles.of(conv).cover(frame);
  }

  /** The products of one place: tiles by {@code depth} channels. */
  private SimdProduct[] products(int depth, SimdPanels panels) {
    List<SimdProduct> products = new ArrayList<>();
    int pitch = SimdPanels.padded(depth);
    int column = 0;
    for (int vectors : panels.vectors()) {
      int rows = SimdBlock.even(tiles.count(), SimdBlock.rows(vectors, false));
      SimdBlock kernel =
          new SimdBlock(
              new SimdBlock.Form(false, rows, vectors, false, 0),
              new SimdBlock.Strides(pitch, 1, vectors * LANES));
      int[] blocks = blocks(tiles.count(), rows, pitch, panels.width());
      products.add(
          new SimdProduct(
              kernel, blocks, new int[] {0, 0, depth}, column * depth, column, panels.width()));
      column += vectors * LANES;
    }
    return products.toArray(new SimdProduct[0]);
  }

  /** The last block starts earlier where it would reach beyond. */
  private static int[] blocks(int count, int rows, int rowA, int rowC) {
    int[] blocks = new int[2 * ((count + rows - 1) / rows)];
    for (int b = 0; b < blocks.length / 2; b++) {
      int row = Math.min(b * rows, count - rows);
      blocks[2 * b] = row * rowA;
      blocks[2 * b + 1] = row * rowC;
    }
    return blocks;
  }

  /** The products of one place for the weights: input channels by tiles. */
  private int weight(int channels) {
    int padded = 0;
    int column = 0;
    for (int i = 0; i < weight.length; i++) {
      int vectors = forwardPanels.vectors()[i];
      int rows = SimdBlock.rowsOfSum(channels, vectors);
      int count = (channels + rows - 1) / rows;
      int[] blocks = new int[2 * count];
      for (int b = 0; b < count; b++) {
        blocks[2 * b] = b * rows;
        blocks[2 * b + 1] = b * rows * width();
      }
      SimdBlock kernel =
          new SimdBlock(
              new SimdBlock.Form(true, rows, vectors, false, 0),
              new SimdBlock.Strides(1, SimdPanels.padded(channels), width()));
      int[] runs = {0, column, tiles.count()};
      weight[i] = new SimdProduct(kernel, blocks, runs, 0, column, width());
      padded = Math.max(padded, count * rows);
      column += vectors * LANES;
    }
    return padded;
  }

  @Override
  public SimdArms arms() {
    return arms;
  }

  @Override
  public int images() {
    return tiles.images();
  }

  @Override
  public int width() {
    return forwardPanels.width();
  }

  @Override
  public boolean direct() {
    return true;
  }

  @Override
  public SimdFrame upstream() {
    return upstream;
  }

  @Override
  public int slackInput() {
    return LANES;
  }

  @Override
  public int packedForward() {
    return PLACES * arms.conv().in() * width();
  }

  @Override
  public int packedBackward() {
    return PLACES * arms.columns() * backwardPanels.width();
  }

  @Override
  public int sumSize() {
    return PLACES * weightRows * width();
  }

  @Override
  public void forward(Scratch scratch, CpuBuffer x, float[] packed, int atPacked, CpuBuffer[] y) {
    int from = x.offset() + input.origin() - input.rowSize() - input.c();
    int channels = arms.conv().in();
    for (int row = 0; row < tiles.lines(); row += tiles.rows()) {
      CpuBuffer m =
          products(
              scratch, input, x.data(), from, row, channels, forward, packed, atPacked, width());
      for (int arm = 0; arm < y.length; arm++) {
        int out = arms.outs()[arm];
        CpuBuffer t = scratch.get(Scratch.LINE, tiles.lineSize(SimdPanels.padded(out)));
        tiles.output(
            m, row, width(), arms.starts()[arm], out, y[arm].data(), y[arm].offset(), out, t);
      }
    }
  }

  @Override
  public void gradInput(
      Scratch scratch, CpuBuffer dy, float[] packed, int atPacked, float[] dx, int atDx) {
    int from = dy.offset() + upstream.origin() - upstream.rowSize() - upstream.c();
    int pitch = backwardPanels.width();
    CpuBuffer t = scratch.get(Scratch.LINE, tiles.lineSize(pitch));
    for (int row = 0; row < tiles.lines(); row += tiles.rows()) {
      CpuBuffer m =
          products(
              scratch,
              upstream,
              dy.data(),
              from,
              row,
              arms.columns(),
              backward,
              packed,
              atPacked,
              pitch);
      tiles.output(m, row, pitch, 0, pitch, dx, atDx, pitch, t);
    }
  }

  /** Transforms some rows of tiles and multiplies them by the packed weights. */
  private CpuBuffer products(
      Scratch scratch,
      SimdFrame frame,
      float[] x,
      int from,
      int row,
      int depth,
      SimdProduct[] products,
      float[] packed,
      int atPacked,
      int width) {
    int pitch = SimdPanels.padded(depth);
    CpuBuffer v = scratch.get(Scratch.TILES, tiles.size(pitch));
    CpuBuffer m = scratch.get(Scratch.PRODUCTS, tiles.size(width));
    CpuBuffer t = scratch.get(Scratch.LINE, tiles.lineSize(frame.c()));
    tiles.input(frame, x, from, row, pitch, v, t);
    for (int place = 0; place < PLACES; place++) {
      int atV = v.offset() + place * tiles.stride(pitch);
      int atM = m.offset() + place * tiles.stride(width);
      int atU = atPacked + place * depth * width;
      for (SimdProduct product : products) {
        product.run(v.data(), atV, packed, atU, m.data(), atM);
      }
    }
    return m;
  }

  @Override
  public void gradWeight(Scratch scratch, CpuBuffer x, CpuBuffer dy, float[] sums, int at) {
    int from = x.offset() + input.origin() - input.rowSize() - input.c();
    int fromDy = dy.offset() + upstream.origin();
    int pitch = SimdPanels.padded(arms.conv().in());
    CpuBuffer v = scratch.get(Scratch.TILES, tiles.size(pitch));
    CpuBuffer d = scratch.get(Scratch.PRODUCTS, tiles.size(width()));
    CpuBuffer t = scratch.get(Scratch.LINE, tiles.lineSize(Math.max(pitch, width())));
    for (int row = 0; row < tiles.lines(); row += tiles.rows()) {
      tiles.input(input, x.data(), from, row, pitch, v, t);
      tiles.gradient(upstream, dy.data(), fromDy, row, width(), d, t);
      for (int place = 0; place < PLACES; place++) {
        int atV = v.offset() + place * tiles.stride(pitch);
        int atD = d.offset() + place * tiles.stride(width());
        for (SimdProduct product : weight) {
          product.run(v.data(), atV, d.data(), atD, sums, at + place * weightRows * width());
        }
      }
    }
  }

  @Override
  public void packForward(Workers workers, Fan fan, float[] packed, int at) {
    int depth = arms.conv().in();
    transform(
        workers,
        fan,
        false,
        (channel, column, count, u) -> {
          for (int place = 0; place < PLACES; place++) {
            int to = at + place * depth * width();
            forwardPanels.pack(u, place * LANES, 1, column, count, packed, to, depth, channel);
          }
        });
  }

  /** The gradient turns the kernel around. */
  @Override
  public void packBackward(Workers workers, Fan fan, float[] packed, int at) {
    int depth = arms.columns();
    transform(
        workers,
        fan,
        true,
        (channel, column, count, u) -> {
          int first = at + backwardPanels.place(column, channel, depth);
          int panel = at + backwardPanels.place(column + 1, channel, depth) - first;
          for (int place = 0; place < PLACES; place++) {
            int to = first + place * depth * backwardPanels.width();
            for (int i = 0; i < count; i++) {
              packed[to + i * panel] = u[place * LANES + i];
            }
          }
        });
  }

  /** What becomes of the transforms of an input channel and some columns. */
  private interface Transformed {
    void put(int channel, int column, int count, float[] u);
  }

  private void transform(Workers workers, Fan fan, boolean turned, Transformed target) {
    int in = arms.conv().in();
    workers.ranges(
        in,
        Math.max(1, 512 / arms.columns()),
        (first, last, worker) -> {
          float[] u = workers.scratch(worker, Scratch.TILES, PLACES * LANES);
          for (int arm = 0; arm < arms.arms().length; arm++) {
            CpuBuffer w = CpuBuffer.of(fan.arms().get(arms.arms()[arm]).w());
            int out = arms.outs()[arm];
            for (int channel = first; channel < last; channel++) {
              for (int i = 0; i < out; i += LANES) {
                int count = Math.min(LANES, out - i);
                int at = w.offset() + channel * out + i + (turned ? 8 * in * out : 0);
                int step = turned ? -in * out : in * out;
                SimdTileWeights.kernel(w.data(), at, step, count, u);
                target.put(channel, arms.starts()[arm] + i, count, u);
              }
            }
          }
        });
  }

  @Override
  public void share(float[] sums, int at, float[] dw, int atDw) {
    int in = arms.conv().in();
    int stride = weightRows * width();
    float[] scratch = new float[SimdTileWeights.SCRATCH];
    for (int i = 0; i < in * width(); i += LANES) {
      SimdTileWeights.gradient(sums, at + i, stride, dw, atDw + i, in * width(), scratch);
    }
  }
}
