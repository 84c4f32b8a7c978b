package org.espalier.cuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.espalier.backend.Accelerator;
import org.espalier.backend.Backend;
import org.espalier.backend.Conv;
import org.espalier.backend.DeviceException;
import org.jspecify.annotations.Nullable;

/**
 * The first GPU of the machine, as {@code --device cuda}, with {@link CudaOptions} behind commas.
 * Nothing of JCuda is loaded before the driver's library is found.
 */
public final class CudaAccelerator implements Accelerator {
  private @Nullable Probe probe;

  /** What a look at the device showed. */
  private record Probe(
      @Nullable Path driver, @Nullable String whyNot, String detail, long freeMemory) {}

  /** For the service loader. */
  public CudaAccelerator() {}

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public @Nullable String whyNot() {
    return probe().whyNot();
  }

  @Override
  public String detail() {
    return probe().detail();
  }

  @Override
  public long freeMemory() {
    return probe().freeMemory();
  }

  private synchronized Probe probe() {
    Path driver = Driver.find();
    Probe known = probe;
    boolean steered = System.getProperty(Driver.PROPERTY) != null; // what a test sets up may change
    if (known == null || steered || !Objects.equals(known.driver(), driver)) {
      known = look(driver);
      probe = known;
    }
    return known;
  }

  private static Probe look(@Nullable Path driver) {
    if (driver == null) {
      return new Probe(null, "no NVIDIA driver found (libcuda.so.1)", "", 0);
    }
    try (Device device = Device.open(0, 0)) {
      long[] memory = device.memory();
      return new Probe(
          driver,
          null,
          String.format(
              Locale.ROOT,
              "%s, %.1f GiB, compute capability %d.%d, driver for CUDA %s",
              device.name(),
              memory[1] / 0x1p30,
              device.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
              device.attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
              Driver.format(Driver.version())),
          memory[0]);
    } catch (DeviceException e) {
      return new Probe(driver, String.valueOf(e.getMessage()).replaceFirst("^cuda: ", ""), "", 0);
    }
  }

  @Override
  public long workspace(List<String> options, Collection<List<Conv>> fans, long buffers) {
    return Workspace.bytes(CudaOptions.of(options), fans) + Arena.ALIGNMENT * buffers;
  }

  @Override
  public List<Finding> findings() {
    Libraries libraries = Libraries.ofThisMachine();
    List<Finding> findings = new ArrayList<>();
    add(findings, "NVIDIA driver", Driver.find(), "", "--device cuda needs it");
    boolean compiled = Kernels.compiled();
    findings.add(
        new Finding(
            "CUDA kernels",
            compiled ? "in the jar, compiled" : "in the jar, as sources",
            compiled ? "" : "built without nvcc: NVRTC compiles them at the start of a run"));
    add(
        findings,
        "NVRTC",
        Nvrtc.find(libraries),
        compiled ? "not needed: the kernels are compiled" : "",
        compiled ? "not needed: the kernels are compiled" : "--device cuda needs it in this build");
    add(
        findings,
        "cuBLAS",
        Cublas.find(libraries),
        "used with --device cuda,cublas",
        "--device cuda,cublas needs it");
    add(
        findings,
        "cuDNN",
        Cudnn.find(libraries),
        "used with --device cuda,cudnn",
        "--device cuda,cudnn needs it");
    return findings;
  }

  private static void add(
      List<Finding> to, String what, @Nullable Path found, String note, String cost) {
    to.add(new Finding(what, found == null ? null : found.toString(), found == null ? cost : note));
  }

  @Override
  public List<String> options() {
    return CudaOptions.NAMES;
  }

  @Override
  public Backend open(List<String> options) {
    return CudaBackend.open(0, CudaOptions.of(options));
  }
}
