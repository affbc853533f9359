<?php echo 'intranet';
