package org.espalier.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import java.nio.charset.StandardCharsets;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUstream;
import org.espalier.backend.DeviceException;

/**
 * One GPU: its context, one stream, memory, kernels and launches. Everything but copies to and from
 * the host is asynchronous, in the order of the calls. For one thread at a time.
 */
final class Device implements AutoCloseable {
  /** Batches up to this size go to the device along with the work that reads them. */
  private static final int INBOX = 8 << 20;

  /** Bytes of its memory that it keeps for itself. */
  static final long OWN = INBOX + Queue.ARGUMENTS;

  /** Images go to the device in lots of this size. */
  private static final int CHUNK = 1 << 20;

  /** "false": every piece of work is launched by itself, as a first one always is. */
  static final String CAPTURE = "espalier.cuda.capture";

  private final CUdevice device;
  private final CUcontext context = new CUcontext();
  private final Stream stream = new Stream();
  private Thread thread = Thread.currentThread();
  private final Arena arena;
  private final Kernels kernels;
  private final Inbox inbox;
  private final Queue queue;
  private final Launch launch;
  private final String name;

  /** A stream whose address can be asked. */
  private static final class Stream extends CUstream {
    long address() {
      return getNativePointer();
    }
  }

  private Device(CUdevice device, long chunkBytes) {
    this.device = device;
    CudaException.check(cuDevicePrimaryCtxRetain(context, device), "opening the device");
    CudaException.check(cuCtxSetCurrent(context), "opening the device");
    // A stream that waits for the legacy stream, and that for it: plain copies keep their order.
    CudaException.check(cuStreamCreate(stream, 0), "making a stream");
    arena = new Arena(chunkBytes, this::drain);
    kernels = new Kernels(capability(device));
    inbox = new Inbox(stream, arena, INBOX);
    boolean capturing = !"false".equals(System.getProperty(CAPTURE));
    queue = new Queue(stream, arena, inbox, capturing, this::enter);
    launch = new Launch(queue);
    name = name(device);
  }

  /**
   * Opens the GPU of that number.
   *
   * @param chunkBytes the least that is asked of the driver at once; 0: every block by itself
   * @throws DeviceException if the driver refuses, or the kernels are not for such a device
   */
  static Device open(int number, long chunkBytes) {
    Driver.start();
    CUdevice device = new CUdevice();
    CudaException.check(cuDeviceGet(device, number), "looking for device " + number);
    int capability = capability(device);
    if (capability < Ptx.least()) {
      throw new DeviceException(
          "cuda: %s is of compute capability %.1f; at least %.1f is needed"
              .formatted(name(device), capability / 10.0, Ptx.least() / 10.0));
    }
    return new Device(device, chunkBytes);
  }

  /** As 90 for 9.0. */
  private static int capability(CUdevice device) {
    return 10 * attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    CudaException.check(cuDeviceGetAttribute(value, attribute, device), "asking for an attribute");
    return value[0];
  }

  private static String name(CUdevice device) {
    byte[] text = new byte[256];
    cuDeviceGetName(text, text.length, device);
    return new String(text, StandardCharsets.UTF_8).split("\0", 2)[0];
  }

  /** What the driver calls it. */
  String name() {
    return name;
  }

  /** Makes it the calling thread's device, if it is another one than the last. */
  private void enter() {
    if (thread != Thread.currentThread()) {
      CudaException.check(cuCtxSetCurrent(context), "entering the device");
      thread = Thread.currentThread();
    }
  }

  Launch launch() {
    return launch;
  }

  Arena arena() {
    return arena;
  }

  /** The stream as other libraries than JCuda know it. */
  long streamAddress() {
    return stream.address();
  }

  /**
   * The kernel of that name in {@code src/main/cuda/<file>.cu}.
   *
   * @throws CudaException if there is none
   */
  Kernel kernel(String file, String kernel) {
    enter();
    return kernels.get(file, kernel);
  }

  int attribute(int attribute) {
    return attribute(device, attribute);
  }

  /** Bytes free, and in all. */
  long[] memory() {
    enter();
    long[] free = new long[1];
    long[] all = new long[1];
    CudaException.check(cuMemGetInfo(free, all), "asking for the device's memory");
    return new long[] {free[0], all[0]};
  }

  int multiprocessors() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  /** Asks the driver for that many bytes at once. */
  void reserve(long bytes) {
    enter();
    arena.reserve(bytes);
  }

  /** Memory of that many floats with unspecified content. */
  CudaBuffer allocate(int floats) {
    enter();
    Arena.Block block = arena.allocate(4L * floats);
    return new CudaBuffer(block, block.address(), floats);
  }

  /** Sets every float of y to the one of these bits. */
  void fill(CudaBuffer y, int bits) {
    if (y.size() > 0) {
      queue.fill(CudaBuffer.address(y), bits, y.size());
    }
  }

  void copy(CudaBuffer from, CudaBuffer to, int floats) {
    queue.copy(CudaBuffer.address(to), CudaBuffer.address(from), 4L * floats);
  }

  /** Copies as much from the host as the buffer holds; the array is free at once. */
  void write(float[] from, CudaBuffer to) {
    if (4L * to.size() <= inbox.capacity()) {
      queue.receive(from, to);
    } else {
      synchronize();
      CudaException.check(
          cuMemcpyHtoD(to.pointer(), Pointer.to(from), 4L * to.size()), "copying to the device");
    }
  }

  /** Bytes of as many arrays, each of {@code length}, one after the other. */
  CudaBuffer keep(byte[][] arrays, int length) {
    CudaBuffer bytes = allocate((int) (((long) arrays.length * length + 3) / 4));
    synchronize();
    byte[] some = new byte[Math.max(1, CHUNK / length) * length];
    for (int i = 0; i < arrays.length; ) {
      long at = (long) i * length;
      int filled = 0;
      while (i < arrays.length && filled < some.length) {
        System.arraycopy(arrays[i++], 0, some, filled, length);
        filled += length;
      }
      CudaException.check(
          cuMemcpyHtoD(bytes.pointer().withByteOffset(at), Pointer.to(some), filled),
          "copying images to the device");
    }
    return bytes;
  }

  /**
   * Copies all that the buffer holds to the host, after all that was launched. JCuda keeps an array
   * where it is while it copies, and some collectors must wait for that: so the device is waited
   * for before.
   */
  void read(CudaBuffer from, float[] to) {
    synchronize();
    CudaException.check(
        cuMemcpyDtoH(Pointer.to(to), from.pointer(), 4L * from.size()), "copying from the device");
  }

  /** Waits for all that was launched. */
  void synchronize() {
    queue.flush();
    CudaException.check(cuStreamSynchronize(stream), "waiting for the device");
  }

  /** As {@link #synchronize}, whatever the device says to it. */
  void drain() {
    try {
      synchronize();
    } catch (DeviceException e) {
      // Whoever waits next will hear of it.
    }
  }

  Queue queue() {
    return queue;
  }

  @Override
  public void close() {
    cuCtxSetCurrent(context);
    drain();
    queue.close();
    inbox.close();
    kernels.close();
    arena.close();
    cuStreamDestroy(stream);
    cuDevicePrimaryCtxRelease(device);
  }
}
