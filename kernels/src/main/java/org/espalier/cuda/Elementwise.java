package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.espalier.backend.Unary;

/** The launches of elementwise.cu and random.cu. */
final class Elementwise {
  /** Rows and columns that a block transposes: SQUARE in elementwise.cu. */
  private static final int SQUARE = 32;

  private final Launch launch;
  private final Lanes fill;
  private final Lanes axpby;
  private final Lanes multiply;
  private final Lanes relu;
  private final Lanes elu;
  private final Lanes sigmoid;
  private final Lanes tanh;
  private final Lanes reluGrad;
  private final Lanes eluGrad;
  private final Lanes sigmoidGrad;
  private final Lanes tanhGrad;
  private final Lanes copyBlocks;
  private final Kernel addRow;
  private final Kernel transpose;
  private final Kernel dropout;

  Elementwise(Device device) {
    launch = device.launch();
    fill = Lanes.of(device, "elementwise", "fill");
    axpby = Lanes.of(device, "elementwise", "axpby");
    multiply = Lanes.of(device, "elementwise", "multiply");
    relu = Lanes.of(device, "elementwise", "relu");
    elu = Lanes.of(device, "elementwise", "elu");
    sigmoid = Lanes.of(device, "elementwise", "sigmoid");
    tanh = Lanes.of(device, "elementwise", "tanh");
    reluGrad = Lanes.of(device, "elementwise", "relu_grad");
    eluGrad = Lanes.of(device, "elementwise", "elu_grad");
    sigmoidGrad = Lanes.of(device, "elementwise", "sigmoid_grad");
    tanhGrad = Lanes.of(device, "elementwise", "tanh_grad");
    copyBlocks = Lanes.of(device, "elementwise", "copy_blocks");
    addRow = device.kernel("elementwise", "add_row");
    transpose = device.kernel("elementwise", "transpose");
    dropout = device.kernel("random", "dropout");
  }

  void fill(Buffer y, float value) {
    int width = Lanes.width(y);
    launch.begin().writes(y).f32(value).i32(y.size());
    sweep(fill, y.size(), width);
  }

  void axpby(float a, Buffer x, float b, Buffer y) {
    int width = Lanes.width(x, y);
    launch.begin().reads(x).writes(y).stepF32(a).stepF32(b).i32(y.size());
    sweep(axpby, y.size(), width);
  }

  void multiply(Buffer a, Buffer b, Buffer y, boolean add) {
    binary(multiply, a, b, y, add);
  }

  void unary(Unary f, Buffer x, Buffer y) {
    int width = Lanes.width(x, y);
    launch.begin().reads(x).writes(y).i32(y.size());
    sweep(
        switch (f) {
          case RELU -> relu;
          case ELU -> elu;
          case SIGMOID -> sigmoid;
          case TANH -> tanh;
        },
        y.size(),
        width);
  }

  void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add) {
    binary(
        switch (f) {
          case RELU -> reluGrad;
          case ELU -> eluGrad;
          case SIGMOID -> sigmoidGrad;
          case TANH -> tanhGrad;
        },
        x,
        dy,
        dx,
        add);
  }

  private void binary(Lanes kernel, Buffer a, Buffer b, Buffer y, boolean add) {
    int width = Lanes.width(a, b, y);
    launch.begin().reads(a).reads(b).writes(y).bool(add).i32(y.size());
    sweep(kernel, y.size(), width);
  }

  void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add) {
    launch.begin().reads(x).writes(y).stepF32(p).stepI64(seed).stepI64(stream);
    launch.i32(group).i32(y.size()).bool(add);
    launch.run(dropout, Lanes.blocks(y.size(), 4), Lanes.BLOCK);
  }

  void copyBlocks(
      int blocks,
      int length,
      Buffer src,
      int srcStart,
      int srcStride,
      Buffer dst,
      int dstStart,
      int dstStride,
      boolean add) {
    CudaBuffer from = CudaBuffer.of(src).slice(srcStart, src.size() - srcStart);
    CudaBuffer to = CudaBuffer.of(dst).slice(dstStart, dst.size() - dstStart);
    boolean strides = srcStride % 4 == 0 && dstStride % 4 == 0;
    int width = strides || blocks == 1 ? Lanes.width(length, from, to) : 1;
    launch.begin().reads(from).writes(to).i32(blocks).i32(length);
    launch.i32(srcStride).i32(dstStride).bool(add);
    sweep(copyBlocks, blocks * length, width);
  }

  void addRow(int cols, Buffer x, Buffer row, Buffer y) {
    launch.begin().reads(x).reads(row).writes(y).i32(cols).i32(y.size());
    launch.run(addRow, Lanes.blocks(y.size(), 1), Lanes.BLOCK);
  }

  /** y [cols, rows] (+)= x [rows, cols], transposed. */
  void transpose(int rows, int cols, Buffer x, Buffer y, boolean add) {
    launch.begin().reads(x).writes(y).i32(rows).i32(cols).bool(add);
    launch.run(transpose, Lanes.ceil(rows, SQUARE), Lanes.ceil(cols, SQUARE), 1, Lanes.BLOCK, 0);
  }

  private void sweep(Lanes kernel, int size, int width) {
    launch.run(kernel.form(width), Lanes.blocks(size, width), Lanes.BLOCK);
  }
}
