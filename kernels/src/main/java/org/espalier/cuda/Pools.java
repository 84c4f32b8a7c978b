package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.espalier.backend.Pool;
import org.jspecify.annotations.Nullable;

/** The launches of pool.cu. */
final class Pools {
  /** Inputs of a block along both axes, and its channels: POOL_TILE and POOL_CHANNELS. */
  private static final int TILE = 8;

  private static final int CHANNELS = 16;

  private final Launch launch;
  private final Lanes pool;
  private final Lanes averageGrad;
  private final Kernel maxGrad;

  Pools(Device device) {
    launch = device.launch();
    pool = Lanes.of(device, "pool", "pool");
    averageGrad = Lanes.of(device, "pool", "average_pool_grad");
    maxGrad = device.kernel("pool", "max_pool_grad");
  }

  void forward(Pool p, Buffer x, Buffer y) {
    int width = Lanes.width(p.c(), x, y);
    arguments(p, x, null, y, false);
    launch.run(pool.form(width), Lanes.blocks(y.size(), width), Lanes.BLOCK);
  }

  void backward(Pool p, Buffer x, Buffer dy, Buffer dx, boolean add) {
    arguments(p, x, dy, dx, add);
    if (p.kind() == Pool.Kind.AVERAGE) {
      int width = Lanes.width(p.c(), dy, dx);
      launch.run(averageGrad.form(width), Lanes.blocks(dx.size(), width), Lanes.BLOCK);
      return;
    }
    int windows = (TILE - 1 + p.k() - 1) / p.stride() + 1; // that touch a tile, along an axis
    launch.run(
        maxGrad,
        p.n() * Lanes.ceil(p.h(), TILE) * Lanes.ceil(p.w(), TILE),
        Lanes.ceil(p.c(), CHANNELS),
        1,
        Lanes.BLOCK,
        windows * windows * CHANNELS * 8);
  }

  private void arguments(Pool p, Buffer x, @Nullable Buffer dy, Buffer y, boolean add) {
    launch.begin().reads(x).reads(dy).writes(y).bool(p.kind() == Pool.Kind.MAX);
    launch.i32(p.n()).i32(p.h()).i32(p.w()).i32(p.c()).i32(p.k()).i32(p.stride()).i32(p.pad());
    launch.i32(p.outH()).i32(p.outW()).bool(add);
  }
}
