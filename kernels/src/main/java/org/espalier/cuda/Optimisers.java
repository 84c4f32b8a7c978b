package org.espalier.cuda;

import org.espalier.backend.Buffer;

/** The launches of optim.cu. */
final class Optimisers {
  private final Launch launch;
  private final Lanes clip;
  private final Lanes sgd;
  private final Lanes adam;

  Optimisers(Device device) {
    launch = device.launch();
    clip = Lanes.of(device, "optim", "clip");
    sgd = Lanes.of(device, "optim", "sgd");
    adam = Lanes.of(device, "optim", "adam");
  }

  void clip(Buffer x, Buffer norm, float max) {
    launch.begin().writes(x).reads(norm).stepF32(max).i32(x.size());
    sweep(clip, x.size(), Lanes.width(x));
  }

  void sgd(
      Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov) {
    launch.begin().writes(w).reads(g).writes(v).stepF32(rate).f32(momentum).f32(decay);
    launch.bool(nesterov).i32(w.size());
    sweep(sgd, w.size(), Lanes.width(w, g, v));
  }

  void adam(
      Buffer w,
      Buffer g,
      Buffer m,
      Buffer v,
      float rate,
      float beta1,
      float beta2,
      float eps,
      float decay,
      int step) {
    double correction1 = 1 - Math.pow(beta1, step);
    double correction2 = Math.sqrt(1 - Math.pow(beta2, step));
    launch.begin().writes(w).reads(g).writes(m).writes(v);
    launch.stepF32((float) (rate / correction1)).stepF32((float) (1 / correction2));
    launch.f32(beta1).f32(beta2).f32(eps).f32(decay).i32(w.size());
    sweep(adam, w.size(), Lanes.width(w, g, m, v));
  }

  private void sweep(Lanes kernel, int size, int width) {
    launch.run(kernel.form(width), Lanes.blocks(size, width), Lanes.BLOCK);
  }
}
