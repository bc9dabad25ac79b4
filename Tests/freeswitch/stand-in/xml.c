/* The configuration as XML: elements, attributes and comments, no more. */
#include "host.h"

static char conf_dir[512];

void host_conf(const char *conf)
{
	snprintf(conf_dir, sizeof(conf_dir), "%s", conf);
}

static char *copy_name(const char **at)
{
	size_t length = strcspn(*at, " \t\r\n=/>");
	char *name = strndup(*at, length);

	*at += length;
	return name;
}

static void read_attributes(switch_xml_t xml, const char **at)
{
	size_t count = 0;

	for (;;) {
		const char *end;

		*at += strspn(*at, " \t\r\n");
		if (**at == '\0' || **at == '>' || **at == '/')
			return;
		xml->attr = realloc(xml->attr, (count + 3) * sizeof(char *));
		xml->attr[count] = copy_name(at);
		*at += strspn(*at, "= ");
		end = strchr(*at + 1, **at);
		xml->attr[count + 1] =
			strndup(*at + 1, (size_t)(end - *at - 1));
		xml->attr[count + 2] = NULL;
		*at = end + 1;
		count += 2;
	}
}

/* Adds what stands before the parent's end to it. */
static void read_children(switch_xml_t parent, const char **at)
{
	switch_xml_t *last = &parent->child;

	for (;;) {
		*at = strchr(*at, '<');
		if (*at == NULL)
			return;
		if (strncmp(*at, "<!--", 4) == 0) {
			*at = strstr(*at, "-->");
			if (*at == NULL)
				return;
			continue;
		}
		if ((*at)[1] == '?') {
			(*at)++;
			continue;
		}
		if ((*at)[1] == '/') {
			*at = strchr(*at, '>');
			return;
		}
		(*at)++;
		switch_xml_t xml = calloc(1, sizeof(*xml));

		xml->name = copy_name(at);
		read_attributes(xml, at);
		for (switch_xml_t before = parent->child; before != NULL;
		     before = before->ordered) {
			if (before->next == NULL &&
			    strcmp(before->name, xml->name) == 0) {
				before->next = xml;
				break;
			}
		}
		*last = xml;
		last = &xml->ordered;
		if (**at != '/')
			read_children(xml, at);
		if (*at == NULL)
			return;
	}
}

switch_xml_t switch_xml_open_cfg(const char *file_path, switch_xml_t *node,
                                 switch_event_t *params)
{
	char path[768];
	char *text = calloc(1, 65536);
	const char *at = text;
	switch_xml_t root = NULL;
	FILE *file;

	(void)params;
	snprintf(path, sizeof(path), "%s/%s.xml", conf_dir, file_path);
	file = fopen(path, "r");
	if (file != NULL && fread(text, 1, 65535, file) > 0) {
		root = calloc(1, sizeof(*root));
		root->name = strdup("document");
		read_children(root, &at);
		*node = switch_xml_child(root, "configuration");
	}
	if (file != NULL)
		fclose(file);
	free(text);
	return root;
}

switch_xml_t switch_xml_child(switch_xml_t xml, const char *name)
{
	switch_xml_t at = xml != NULL ? xml->child : NULL;

	while (at != NULL && strcmp(at->name, name) != 0)
		at = at->ordered;
	return at;
}

const char *switch_xml_attr_soft(switch_xml_t xml, const char *attr)
{
	for (char **at = xml->attr; at != NULL && *at != NULL; at += 2) {
		if (strcmp(*at, attr) == 0)
			return at[1];
	}
	return "";
}

void switch_xml_free(switch_xml_t xml)
{
	switch_xml_t child = xml->child;

	while (child != NULL) {
		switch_xml_t next = child->ordered;

		switch_xml_free(child);
		child = next;
	}
	for (char **at = xml->attr; at != NULL && *at != NULL; at++)
		free(*at);
	free(xml->attr);
	free(xml->name);
	free(xml);
}
