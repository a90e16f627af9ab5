/* driver_probe PROVIDER: opens it and prints status, provider, platform, and which library one entry of each family was
 * found in; or the status and why it failed. */
#include <driver/driver.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct driver *driver;
    npurt_status status = driver_open(argc > 1 ? argv[1] : NULL, &driver);
    if (status != NPURT_OK) {
        printf("status=%d table=%s problem=%s\n", (int)status, driver ? "set" : "NULL", driver_problem());
        return 0;
    }
    printf("status=0 provider=%s platform=%s rt=%d acl=%d hal=%d resmap=%d extension=%s\n", driver->provider,
           driver->platform, (int)driver->rtSetDevice(0), (int)driver->aclrtGetDeviceCount(NULL),
           (int)driver->halMemCtl(0, NULL, 0, NULL, NULL), (int)driver->halResMap(0, NULL, NULL, NULL),
           driver->npuemu_device_add ? "yes" : "no");
    driver_close(driver);
    return 0;
}
