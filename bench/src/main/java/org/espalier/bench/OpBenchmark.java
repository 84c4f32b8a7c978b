package org.espalier.bench;

import java.util.concurrent.TimeUnit;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Pool;
import org.espalier.search.Devices;
import org.espalier.tensor.Rng;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The kernels that a supernet's step consists of, on activations of its first stage: [64, 32, 32,
 * 16].
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@State(Scope.Benchmark)
public class OpBenchmark {
  private static final int N = 64;
  private static final int SIDE = 32;
  private static final int C = 16;
  private static final int SIZE = N * SIDE * SIDE * C;

  private static final Conv CONV_3X3 = new Conv(N, SIDE, SIDE, C, C, 3, 3, 1, 1, 1, 1);
  private static final Conv CONV_1X1 = new Conv(N, SIDE, SIDE, C, C, 1, 1, 1, 0, 1, 1);
  private static final Conv DEPTHWISE_3X3 = new Conv(N, SIDE, SIDE, C, C, 3, 3, 1, 1, 1, C);
  private static final Pool AVERAGE = new Pool(Pool.Kind.AVERAGE, N, SIDE, SIDE, C, 3, 1, 1);
  private static final Pool MAX = new Pool(Pool.Kind.MAX, N, SIDE, SIDE, C, 3, 1, 1);

  /** Which back end. */
  @Param("simd")
  public String device = "simd";

  /** 0: all cores. */
  @Param({"1", "0"})
  public int threads;

  private Backend backend;
  private Buffer x;
  private Buffer y;
  private Buffer dy;
  private Buffer w;
  private Buffer dw;
  private Buffer moments;

  /** Work done: JMH divides it by the time, so its columns are GFLOP/s and GB/s. */
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  @State(Scope.Thread)
  public static class Work {
    /** Floating-point operations, counting a multiply-add as two, in thousands of millions. */
    public double gflop;

    /** Bytes that must be read or written at least, in thousands of millions. */
    public double gbyte;
  }

  /** Draws the operands. */
  @Setup(Level.Trial)
  public void setUp() {
    backend = Devices.open(device, threads);
    x = random(SIZE);
    y = random(SIZE);
    dy = random(SIZE);
    w = random(9 * C * C);
    dw = random(9 * C * C);
    moments = backend.allocate(2 * C);
    backend.moments(SIZE / C, C, x, moments);
  }

  private Buffer random(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = Rng.of(1).normal(i);
    }
    Buffer buffer = backend.allocate(size);
    backend.write(values, buffer);
    return buffer;
  }

  /** Ends the back end's threads. */
  @TearDown
  public void tearDown() {
    backend.close();
  }

  private static void flops(Work work, Conv conv) {
    work.gflop += 2e-9 * conv.multiplyAdds();
  }

  private static void bytes(Work work, int tensors) {
    work.gbyte += 4e-9 * SIZE * tensors;
  }

  /** 3x3 convolution. */
  @Benchmark
  public void conv3x3(Work work) {
    backend.conv(CONV_3X3, x, w, y);
    flops(work, CONV_3X3);
  }

  /** Its gradient by its input. */
  @Benchmark
  public void conv3x3GradInput(Work work) {
    backend.convGradInput(CONV_3X3, dy, w, y, false);
    flops(work, CONV_3X3);
  }

  /** Its gradient by its weight. */
  @Benchmark
  public void conv3x3GradWeight(Work work) {
    backend.convGradWeight(CONV_3X3, x, dy, dw);
    flops(work, CONV_3X3);
  }

  /** Pointwise convolution. */
  @Benchmark
  public void conv1x1(Work work) {
    backend.conv(CONV_1X1, x, w.slice(0, C * C), y);
    flops(work, CONV_1X1);
    bytes(work, 2);
  }

  /** Depthwise convolution. */
  @Benchmark
  public void depthwise3x3(Work work) {
    backend.conv(DEPTHWISE_3X3, x, w.slice(0, 9 * C), y);
    bytes(work, 2);
  }

  /** Average pooling. */
  @Benchmark
  public void averagePool(Work work) {
    backend.pool(AVERAGE, x, y);
    bytes(work, 2);
  }

  /** Gradient of max pooling. */
  @Benchmark
  public void maxPoolGrad(Work work) {
    backend.poolGrad(MAX, x, dy, y, false);
    bytes(work, 3);
  }

  /** Batch statistics. */
  @Benchmark
  public void moments(Work work) {
    backend.moments(SIZE / C, C, x, moments);
    bytes(work, 1);
  }

  /** Normalisation by given statistics. */
  @Benchmark
  public void normalize(Work work) {
    backend.normalize(SIZE / C, C, x, moments, 1e-5f, null, null, y);
    bytes(work, 2);
  }

  /** y += x, the measure of memory bandwidth. */
  @Benchmark
  public void axpby(Work work) {
    backend.axpby(1, x, 1, y);
    bytes(work, 3);
  }
}
