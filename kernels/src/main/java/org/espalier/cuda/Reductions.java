package org.espalier.cuda;

import org.espalier.backend.Buffer;

/** The launches of reduce.cu. */
final class Reductions {
  /** Parts of a norm: two blocks for each multiprocessor of a large GPU, whatever the GPU. */
  private static final int NORM_PARTS = 264;

  private final Launch launch;
  private final Scratch scratch;
  private final Lanes sumRows;
  private final Kernel joinRows;
  private final Kernel spreadRows;
  private final Kernel squares;
  private final Kernel norm;

  Reductions(Device device, Scratch scratch) {
    launch = device.launch();
    this.scratch = scratch;
    sumRows = Lanes.of(device, "reduce", "sum_rows_parts");
    joinRows = device.kernel("reduce", "join_rows");
    spreadRows = device.kernel("reduce", "spread_rows");
    squares = device.kernel("reduce", "squares_parts");
    norm = device.kernel("reduce", "norm_join");
  }

  void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add) {
    Rows over = Rows.of(rows, cols, x);
    CudaBuffer parts = scratch.begin().take(over.patches() * cols);
    launch.begin().reads(x).writes(parts).i32(rows).i32(cols).i32(over.lanes());
    over.run(launch, sumRows);
    joinRows(1, over.patches(), cols, 1, parts, y, add);
  }

  /** y {@code [n, c]} (+)= factor times the sum over the rows of x {@code [n, rows, c]}. */
  void joinRows(int n, int rows, int c, float factor, Buffer x, Buffer y, boolean add) {
    launch.begin().reads(x).writes(y).f32(factor).i32(rows).i32(c).bool(add);
    launch.run(joinRows, Rows.joins(c), n, 1, Lanes.BLOCK, 0);
  }

  void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add) {
    int size = n * pixels * c;
    launch.begin().reads(dy).writes(dx).f32(1f / pixels).i32(pixels).i32(c).i32(size);
    launch.bool(add);
    launch.run(spreadRows, Lanes.blocks(size, 1), Lanes.BLOCK);
  }

  void norm(Buffer x, Buffer result) {
    int count = Math.min(NORM_PARTS, Lanes.blocks(x.size(), 4));
    CudaBuffer parts = scratch.begin().take(2 * NORM_PARTS); // of doubles
    launch.begin().reads(x).writes(parts).i32(x.size());
    launch.run(squares, count, Lanes.BLOCK);
    launch.begin().reads(parts).writes(result).i32(count);
    launch.run(norm, 1, Lanes.BLOCK);
  }
}
