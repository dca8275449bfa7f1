#include "hypervisor/load/modules.h"

#include <string.h>

#include "hypervisor/mm/direct_map.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/vm.h"

struct parsed {
    struct vm_config config;
    struct file file;
    bool ok;
};

/* The command lines are a KiB each: too much for the boot stack. */
static struct parsed parsed[BOOT_MODULES_MAX];

static void report_refusal(const char *name, const struct load_error *error)
{
    console_printf("umbra: %s: %s\n", name, error->text);
}

static bool parse_module(const struct boot_module *module, unsigned number, struct parsed *out)
{
    struct load_error error;
    out->file.bytes = direct_map(module->start);
    out->file.size = module->end - module->start;
    out->ok = config_parse(&out->config, module->command_line, number, &error);
    out->file.cmdline = out->config.cmdline;
    if (!out->ok)
        report_refusal(out->config.name, &error);
    return out->ok;
}

static bool add_rom(struct vm_image *image, const struct parsed *module, struct load_error *error)
{
    uint32_t gpa = module->config.rom_address;
    if (module->file.size > 0x100000 - gpa)
        return refuse(error, "rom", "the image is too large", "it has to end below 1 MiB");
    if (image->rom_count == ROMS_MAX)
        return refuse(error, "rom", "too many ROMs", "at most 4");
    image->roms[image->rom_count++] = (struct rom){.gpa = gpa, .file = module->file};
    return true;
}

/* The guest writes to the image where the boot loader left it. */
static bool add_disk(struct vm_image *image, const struct parsed *module, struct load_error *error)
{
    uint64_t size = module->file.size;
    if (!size || size % ATA_SECTOR || size / ATA_SECTOR > ATA_SECTORS_MAX)
        return refuse(error, "disk", "the image is not whole sectors",
                      "it has to be a multiple of 512 bytes, and not empty");
    if (image->disk.sectors)
        return refuse(error, "disk", "too many disks", "at most 1 for one VM");
    image->disk = (struct ata_medium){(uint8_t *)module->file.bytes, (uint32_t)(size / ATA_SECTOR)};
    return true;
}

static bool add_extra(struct vm_image *image, const struct parsed *module, struct load_error *error)
{
    if (image->extra_count == EXTRA_MODULES_MAX)
        return refuse(error, "for", "too many boot modules", "at most 8 for one VM");
    image->extra[image->extra_count++] = module->file;
    return true;
}

/* ROMs are every VM's, boot modules and disks the named one's. */
static bool add_companions(struct vm_image *image, const char *name, unsigned count,
                           struct load_error *error)
{
    for (unsigned i = 0; i < count; i++) {
        const struct parsed *module = &parsed[i];
        bool fits = true;
        if (!module->ok)
            continue;
        if (module->config.kind == MODULE_ROM)
            fits = add_rom(image, module, error);
        else if (module->config.kind == MODULE_DISK && !strcmp(module->config.name, name))
            fits = add_disk(image, module, error);
        else if (module->config.kind == MODULE_EXTRA && !strcmp(module->config.name, name))
            fits = add_extra(image, module, error);
        if (!fits)
            return false;
    }
    return true;
}

static bool names_a_vm(const char *name, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (parsed[i].config.kind == MODULE_KERNEL && !strcmp(parsed[i].config.name, name))
            return true;
    }
    return false;
}

/* A module for nobody is a slip of the pen: silence would leave its VM without it. */
static unsigned refuse_strays(unsigned count)
{
    unsigned strays = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct vm_config *config = &parsed[i].config;
        struct load_error error;
        bool named = config->kind == MODULE_EXTRA || config->kind == MODULE_DISK;
        if (!parsed[i].ok || !named || names_a_vm(config->name, count))
            continue;
        refuse(&error, config->kind == MODULE_DISK ? "disk" : "for", "no VM has this name",
               "give the name= of a kernel's line");
        report_refusal(config->name, &error);
        strays++;
    }
    return strays;
}

static bool name_taken(const char *name, struct vm *const *vms, unsigned made)
{
    for (unsigned i = 0; i < made; i++) {
        if (!strcmp(vms[i]->config.name, name))
            return true;
    }
    return false;
}

static struct vm *make_vm(const struct parsed *module, struct vm *const *vms, unsigned made,
                          unsigned count, struct load_error *error)
{
    static struct vm_image image;
    memset(&image, 0, sizeof(image));
    image.file = module->file;
    if (name_taken(module->config.name, vms, made)) {
        refuse(error, "name", "another VM has it", "give each VM a name of its own");
        return NULL;
    }
    if (made == VM_MAX) {
        refuse(error, "name", "too many VMs", "at most 8 can run");
        return NULL;
    }
    if (!kernel_parse(&image.kernel, image.file.bytes, image.file.size, error) ||
        !add_companions(&image, module->config.name, count, error) ||
        !image_fits(&image, &module->config, error))
        return NULL;
    return vm_create(&module->config, &image, error);
}

struct modules_loaded modules_load(const struct boot_info *info, struct vm **vms)
{
    struct modules_loaded loaded = {0, 0, 0};
    struct load_error error;
    for (unsigned i = 0; i < info->module_count; i++) {
        loaded.refused += !parse_module(&info->modules[i], loaded.kernels + 1, &parsed[i]);
        loaded.kernels += parsed[i].config.kind == MODULE_KERNEL;
    }
    loaded.refused += refuse_strays(info->module_count);
    for (unsigned i = 0; i < info->module_count; i++) {
        if (!parsed[i].ok || parsed[i].config.kind != MODULE_KERNEL)
            continue;
        struct vm *vm = make_vm(&parsed[i], vms, loaded.made, info->module_count, &error);
        if (!vm) {
            report_refusal(parsed[i].config.name, &error);
            loaded.refused++;
            continue;
        }
        vm->owns_console = loaded.made == 0;
        vms[loaded.made++] = vm;
        vm_boot(vm);
    }
    if (!loaded.kernels)
        console_printf("umbra: no virtual machine: no module describes one; add a line "
                       "\"module2 /boot/guest.elf name=demo mem=64M\" to the GRUB entry\n");
    return loaded;
}
